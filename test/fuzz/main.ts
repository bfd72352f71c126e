import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { FuzzCase } from "./case";
import { foundText, fuzz, replay } from "./session";

const help = `Compares the netfilter model with the kernel on random rule sets, topologies and packets.

  npm run fuzz -- [options]

  --packets N        number of packets to compare (default: 1000)
  --seed N           first seed (default: the current time); the same seed generates the same cases
  --disagreements N  stop after N disagreements (default: 1)
  --per-case N       packets per case (default: 40)
  --no-minimize      print disagreeing cases without minimizing them
  --case FILE        run a single case from a JSON file (- for stdin)
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      packets: { type: "string", default: "1000" },
      seed: { type: "string" },
      disagreements: { type: "string", default: "1" },
      "per-case": { type: "string", default: "40" },
      "no-minimize": { type: "boolean", default: false },
      case: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (values.case !== undefined) {
    const wanted: FuzzCase = JSON.parse(readFileSync(values.case === "-" ? 0 : values.case, "utf8"));
    const disagreement = await replay(wanted);
    process.stdout.write(
      disagreement ? `${foundText({ seed: 0, case: wanted, disagreement })}\n` : "agrees\n",
    );
    return disagreement ? 1 : 0;
  }
  const report = await fuzz({
    packets: Number(values.packets),
    seed: values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed),
    disagreements: Number(values.disagreements),
    perCase: Number(values["per-case"]),
    minimize: !values["no-minimize"],
    onFound: (found) => process.stdout.write(`${foundText(found)}\n\n`),
    progress: (line) => process.stderr.write(`${line}\n`),
  });
  const { cases, packets, passes, uncertain, untracked, seconds, seed, refused, found } = report;
  process.stdout.write(
    `seed ${seed}: ${packets} packets in ${cases} cases, ${passes} router traversals compared, ` +
      `${uncertain} of them uncertain, ${untracked} without conntrack, ${refused.length} cases refused, ${found.length} disagreements, ` +
      `${seconds.toFixed(1)} s (${(packets / seconds).toFixed(0)} packets/s)\n`,
  );
  const kinds = [...report.hits].sort(([, a], [, b]) => b - a).map(([kind, count]) => `${kind} ${count}`);
  process.stdout.write(`matched: ${kinds.join(", ")}\n`);
  for (const line of refused.slice(0, 20)) process.stdout.write(`refused: ${line}\n`);
  return found.length === 0 ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(2);
  },
);
