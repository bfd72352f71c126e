import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { Engine } from "../../lib/engine";
import { Progress } from "../../lib/lab/runtime/progress";
import { Session } from "../../lib/lab/runtime/session";
import { closing, curve } from "./closing";
import { cluster } from "./cluster";
import { endpoints } from "./endpoints";
import { kernel } from "./kernel";
import type { Bench, Measure, Part } from "./measure";
import { dead, parse, pictures, trace } from "./model";
import { peers } from "./peers";
import { pods } from "./pods";
import { snapshots } from "./snapshots";

const parts: Readonly<Record<string, { readonly part: Part; readonly about: string }>> = {
  parse: { part: parse, about: "parse rule sets, compared with iptables-restore" },
  trace: { part: trace, about: "trace a packet through 140,000 rules" },
  dead: { part: dead, about: "find the dead rules among 5,000" },
  pictures: { part: pictures, about: "draw a journey of five hops" },
  pods: { part: pods, about: "start a lab, a pod and ten pods, compared with plain engine calls" },
  snapshots: { part: snapshots, about: "start Docker hosts; take snapshots, compared with a plain exec" },
  closing: { part: closing, about: "close a lab of 20 containers, compared with docker rm -f" },
  curve: { part: curve, about: "a lab of 50 pods, ten by ten" },
  cluster: { part: cluster, about: "two nodes, four pods, a service" },
  kernel: { part: kernel, about: "start the kernel and run cells, compared with tslab, Deno and ipykernel" },
  endpoints: { part: endpoints, about: "trace a packet to a service with 10 and with 100 endpoints" },
  peers: { part: peers, about: "start five containers on two networks, compared with Docker Compose" },
};

const help = `Measures Wirebook, and compares it with a peer where there is one.
On a busy machine, ratios are reliable but times are not.

  npm run bench [-- NAME…] [--json FILE]

${Object.entries(parts)
  .map(([name, { about }]) => `  ${name.padEnd(11)}  ${about}`)
  .join("\n")}
  (default: all)

  --json FILE  also write the results as JSON
`;

function row({ name, value, unit, peer, limit, limits, note }: Measure): string {
  const ratio = peer === undefined ? undefined : value / peer.value;
  const compared = limits === "value" ? value : (ratio ?? value);
  const verdict = limit === undefined ? " " : compared <= limit ? "✓" : "✕";
  const digits = (number: number): string => number.toFixed(number < 10 ? 3 : 0);
  const against = peer && `${peer.name} ${digits(peer.value)} ${unit}, ratio ${ratio?.toFixed(2)}`;
  const bound = limit === undefined ? "" : `at most ${limit}${compared === value ? ` ${unit}` : ""}`;
  const numbers = `${digits(value).padStart(8)} ${unit}`;
  return `${verdict} ${name.padEnd(38)} ${numbers}  ${(against ?? note ?? "").padEnd(50)} ${bound}`.trimEnd();
}

/** Clean-up functions for an interrupted run. */
const ends = new Set<() => Promise<void>>();

function benchOf(): Bench {
  const progress = new Progress();
  let engine: Promise<Engine> | undefined;
  return {
    engine: () => {
      engine ??= Engine.connect();
      return engine;
    },
    run: (what, action) => progress.run(what, action),
    onEnd: (action) => {
      ends.add(action);
      return () => void ends.delete(action);
    },
  };
}

// The reaper would remove the containers of open labs anyway. This removes them at once.
async function stop(): Promise<void> {
  process.stderr.write("\nstopped: removing the containers of the benchmark\n");
  await Promise.allSettled([Session.endAll(), ...[...ends].map((action) => action())]);
  process.exit(130);
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
  const unknown = positionals.find((name) => !Object.hasOwn(parts, name));
  if (unknown !== undefined) {
    const there = Object.keys(parts).join(", ");
    process.stderr.write(`BENCH_UNKNOWN  ${unknown}: there is no such part\n  Available: ${there}.\n`);
    return 2;
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop());
  const bench = benchOf();
  const names = positionals.length > 0 ? positionals : Object.keys(parts);
  const all: (Measure & { readonly part: string })[] = [];
  const about = { node: process.version, cores: cpus().length };
  for (const name of names) {
    const load = loadavg()[0] ?? 0;
    process.stdout.write(`${name}  (load ${load.toFixed(1)} on ${about.cores} cores)\n`);
    for await (const measure of parts[name]?.part(bench) ?? []) {
      all.push({ part: name, ...measure });
      process.stdout.write(`${row(measure)}\n`);
    }
  }
  if (values.json !== undefined) {
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
