// npm run mutate -- PATH…: changes the code below PATH in random places (mutants), and runs the pure tests with each
// change. A mutant that no test notices survives: it shows a behaviour that no test describes.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";

const root = resolve(import.meta.dirname, "..", "..");
const own = import.meta.dirname;
const folder = join(root, ".wirebook", "mutate");
const report = join(root, ".wirebook", "reports", "mutation.json");

const help = `Changes the code in random places, and reports the changes that no pure test notices.

  npm run mutate -- [options] PATH…

  --sample N       number of mutants (default: 300); 0 for all
  --seed N         seed of the sample (default: 1); the same seed chooses the same mutants
  --tests FOLDER   run only the tests in this folder; repeat for several (default: all pure tests that use the code)
  --concurrency N  number of test processes (default: 1)

PATH is a source file or a folder: lib/netfilter/nat. The report is in .wirebook/reports/mutation.json.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: "string", default: "300" },
    seed: { type: "string", default: "1" },
    tests: { type: "string", multiple: true },
    concurrency: { type: "string", default: "1" },
    help: { type: "boolean", default: false },
  },
});
if (values.help || positionals.length === 0) {
  process.stdout.write(help);
  process.exit(values.help ? 0 : 2);
}

function run(command, args, options = {}) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(join(own, "node_modules")))
  run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: own });

/** Returns the source files below a path, without tests. */
function sources(path) {
  const all = statSync(path).isDirectory()
    ? readdirSync(path, { recursive: true }).map((name) => join(path, name))
    : [path];
  return all.filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts")).sort();
}

/** Returns numbers from 0 to 1 that depend only on the seed (mulberry32). */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function mutantsOf(files) {
  const { Instrumenter } = await import("@stryker-mutator/instrumenter");
  const quiet = () => undefined;
  const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet, isDebugEnabled: () => false };
  const instrumenter = new Instrumenter(logger);
  const { mutants } = await instrumenter.instrument(
    files.map((name) => ({ name, mutate: true, content: readFileSync(name, "utf8") })),
    { plugins: null, excludedMutations: [], ignorers: [], mutator: { plugins: null, excludedMutations: [] } },
  );
  return mutants;
}

const files = positionals.flatMap((path) => sources(resolve(path)));
const mutants = await mutantsOf(files);
const inside = (inner, outer) =>
  inner.fileName === outer.fileName &&
  before(outer.location.start, inner.location.start) &&
  before(inner.location.end, outer.location.end);
const before = (a, b) => a.line < b.line || (a.line === b.line && a.column <= b.column);

/** Chooses mutants at random. Stryker selects by place, so a chosen mutant brings along those inside it. */
function sampled(size, seed) {
  const random = randomNumbers(seed);
  const left = [...mutants];
  const places = [];
  let count = 0;
  const counted = new Set();
  while (left.length > 0 && count < size) {
    const [chosen] = left.splice(Math.floor(random() * left.length), 1);
    if (counted.has(chosen)) continue;
    const whole = mutants.filter((mutant) => inside(mutant, chosen) && !counted.has(mutant));
    // A large place would fill the sample with neighbours.
    if (whole.length > 10) continue;
    for (const mutant of whole) counted.add(mutant);
    count += whole.length;
    places.push(chosen);
  }
  return places;
}

const size = Number(values.sample);
const place = ({ fileName, location: { start, end } }) =>
  `${relative(root, fileName)}:${start.line + 1}:${start.column}-${end.line + 1}:${end.column}`;
const mutate =
  size === 0 || size >= mutants.length
    ? files.map((file) => relative(root, file))
    : sampled(size, Number(values.seed)).map(place);
process.stdout.write(`${mutants.length} mutants in ${files.length} files, sample of ${size || "all"}\n`);

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
// Stryker copies the project into this folder. Tests look for inputs in `../shared`.
if (existsSync(join(root, "..", "shared"))) symlinkSync(join(root, "..", "shared"), join(folder, "shared"));
const config = {
  mutate,
  testRunner: "jest",
  plugins: ["@stryker-mutator/jest-runner"],
  jest: { projectType: "custom", configFile: "test/mutate/jest.config.cjs" },
  coverageAnalysis: "perTest",
  tempDirName: relative(root, folder),
  ignorePatterns: [".wirebook", "dist", "notebooks", "images", "test/mutate/node_modules"],
  reporters: ["json", "dots"],
  jsonReporter: { fileName: relative(root, report) },
  concurrency: Number(values.concurrency),
  // A mutant that loops for ever is detected by its time. Machines may be busy.
  timeoutMS: 20_000,
  // Stryker would rewrite it with an API that the compiler no longer has. The tests do not read it.
  tsconfigFile: "none",
  allowEmpty: true,
};
const configFile = join(folder, "stryker.config.json");
writeFileSync(configFile, JSON.stringify(config, undefined, 2));
run(process.execPath, [join(own, "node_modules/@stryker-mutator/core/bin/stryker.js"), "run", configFile], {
  env: { ...process.env, ...(values.tests && { WIREBOOK_MUTATE_TESTS: values.tests.join(",") }) },
});

const KILLED = new Set(["Killed", "Timeout", "RuntimeError"]);
const results = Object.entries(JSON.parse(readFileSync(report, "utf8")).files).flatMap(
  ([file, { mutants }]) => mutants.map((mutant) => ({ file, ...mutant })),
);
const valid = results.filter(({ status }) => !["CompileError", "Ignored"].includes(status));
const killed = valid.filter(({ status }) => KILLED.has(status));
const survivors = valid.filter(({ status }) => !KILLED.has(status));
for (const { file, location, mutatorName, replacement, status } of survivors) {
  const text = replacement?.replace(/\s+/g, " ").slice(0, 80);
  process.stdout.write(`${status.padEnd(10)} ${file}:${location.start.line}  ${mutatorName}: ${text}\n`);
}
const percent = ((100 * killed.length) / Math.max(1, valid.length)).toFixed(1);
process.stdout.write(
  `${killed.length} of ${valid.length} mutants killed (${percent} %), seed ${values.seed}\n`,
);
