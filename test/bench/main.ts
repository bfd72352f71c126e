import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { benchCluster } from "./cluster";
import { benchLab } from "./lab";
import { benchParse, SIZES } from "./parse";
import { benchPictures } from "./pictures";
import { benchTrace } from "./trace";

const help = `Measures Wirebook, side by side with a peer where there is one.

  npm run bench [-- NAME…] [--json FILE]

  NAME         parse, trace, pictures, lab, cluster (default: all)
  --json FILE  the numbers as JSON as well
`;

/** One line of the table. A ratio compares with the peer in the same run; `limit` is for the ratio where there is one. */
interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit: "ms" | "MB" | "kB";
  readonly peer?: { readonly name: string; readonly value: number };
  readonly limit?: number;
}

const suites: Readonly<Record<string, () => readonly Measure[] | Promise<readonly Measure[]>>> = {
  parse: () =>
    SIZES.flatMap((size, index): Measure[] => {
      const { lines, ours, iptables, kept } = benchParse(size);
      const peer =
        iptables === undefined ? {} : { peer: { name: "iptables-restore --test", value: iptables } };
      return [
        {
          name: `parse ${lines} lines`,
          value: ours,
          unit: "ms",
          ...peer,
          limit: index === 0 || iptables ? 1 : 2_500,
        },
        { name: `memory kept of ${lines} lines`, value: kept, unit: "MB", limit: 1_000 },
      ];
    }),
  trace: () => {
    const { lines, firstMs, perPacketMs, limitMs } = benchTrace();
    return [
      { name: `first packet on ${lines} lines`, value: firstMs, unit: "ms" },
      { name: "each packet after it, whole path", value: perPacketMs, unit: "ms", limit: limitMs },
    ];
  },
  pictures: () => {
    const { traversalMs, ladderMs, kilobytes } = benchPictures();
    return [
      { name: "traversal of five hops, 400 rules each", value: traversalMs, unit: "ms", limit: 10 },
      { name: "its specification", value: kilobytes, unit: "kB", limit: 200 },
      { name: "ladder of the same", value: ladderMs, unit: "ms", limit: 10 },
    ];
  },
  lab: async () => {
    const got = await benchLab();
    const exec = { name: "a bare exec", value: got.exec };
    return [
      { name: "open a lab", value: got.open, unit: "ms" },
      {
        name: "a pod",
        value: got.pod,
        unit: "ms",
        peer: { name: "bare calls", value: got.barePod },
        limit: 1.15,
      },
      {
        name: "ten pods",
        value: got.tenPods,
        unit: "ms",
        peer: { name: "bare calls", value: got.bareTenPods },
        limit: 1.15,
      },
      { name: "snapshot, warm namespace", value: got.snapshot, unit: "ms", peer: exec, limit: 0.5 },
      { name: "snapshot, host with 1,000 rules", value: got.bigSnapshot, unit: "ms", peer: exec, limit: 1.2 },
      { name: "a Docker host, ready", value: got.dockerHost, unit: "ms", limit: 5_000 },
      { name: "two Docker hosts, ready", value: got.twoDockerHosts, unit: "ms", limit: 7_000 },
      { name: "close a lab of 20 containers", value: got.close, unit: "ms", limit: 1_500 },
      { name: "the bare removal of as many", value: got.bareClose, unit: "ms" },
      ...got.curve.map(([pods, value]): Measure => ({ name: `${pods} pods`, value, unit: "ms" })),
    ];
  },
  cluster: async () => {
    const got = await benchCluster();
    return [
      { name: "2 nodes, 4 pods, 1 service answering", value: got.ready, unit: "ms", limit: 3_000 },
      {
        name: "a pod on a node",
        value: got.pod,
        unit: "ms",
        peer: { name: "bare calls", value: got.bare },
        limit: 1.15,
      },
      { name: "rules after an endpoint's end", value: got.follow, unit: "ms", limit: 500 },
    ];
  },
};

function row({ name, value, unit, peer, limit }: Measure): string {
  const ratio = peer === undefined ? undefined : value / peer.value;
  const compared = ratio ?? value;
  const verdict = limit === undefined ? " " : compared <= limit ? "✓" : "✕";
  const against =
    peer === undefined ? "" : `${peer.name} ${peer.value.toFixed(0)} ms, ratio ${ratio?.toFixed(2)}`;
  const bound = limit === undefined ? "" : `at most ${limit}${peer === undefined ? ` ${unit}` : ""}`;
  const digits = value < 10 ? 3 : 0;
  return `${verdict} ${name.padEnd(38)} ${value.toFixed(digits).padStart(8)} ${unit}  ${against.padEnd(46)} ${bound}`.trimEnd();
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: "string" }, help: { type: "boolean", short: "h", default: false } },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const names = positionals.length > 0 ? positionals : Object.keys(suites);
  const all: Measure[] = [];
  for (const name of names) {
    const suite = suites[name];
    if (suite === undefined) {
      process.stderr.write(
        `BENCH_UNKNOWN  ${name}: there is no such measurement\n  There are: ${Object.keys(suites).join(", ")}.\n`,
      );
      return 2;
    }
    process.stdout.write(`${name}\n`);
    for (const measure of await suite()) {
      all.push(measure);
      process.stdout.write(`${row(measure)}\n`);
    }
  }
  if (values.json !== undefined) {
    const about = { node: process.version, cores: cpus().length };
    writeFileSync(values.json, `${JSON.stringify({ ...about, measures: all }, null, 2)}\n`);
  }
  return 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
