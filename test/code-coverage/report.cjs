// Adds the counters of Jest and of the processes that tests started, and reports statements and branches for each part.
const { readdirSync, readFileSync } = require("node:fs");
const { join, relative } = require("node:path");
const { createCoverageMap, createCoverageSummary } = require("istanbul-lib-coverage");
const { createContext } = require("istanbul-lib-report");
const { createSourceMapStore } = require("istanbul-lib-source-maps");
const { create } = require("istanbul-reports");

const root = join(__dirname, "..", "..");
const [folder] = process.argv.slice(2);
const read = (name) => JSON.parse(readFileSync(join(folder, name), "utf8"));

/** The parts for which at least 90 % of the branches should be covered. */
const PARTS = ["lib/netfilter", "lib/inspect", "lib/engine", "kernel"];
const GOAL = 90;

/** Returns the counters of all processes, with the places in the source that they belong to. */
async function ofProcesses() {
  const files = read("files.json");
  // Files that no process has loaded count too.
  const map = createCoverageMap(structuredClone(files));
  for (const name of readdirSync(folder).filter((each) => /^process-.*[.]json$/.test(each)))
    for (const [file, counts] of Object.entries(read(name)))
      map.merge({ [file]: { ...structuredClone(files[file]), ...counts } });
  const mapped = await createSourceMapStore().transformCoverage(map);
  // As Jest's: JSON has no Infinity, which stands for the end of a line. Counters are added if their places are equal.
  return JSON.parse(JSON.stringify(mapped));
}

function summaryOf(map, part) {
  const summary = createCoverageSummary();
  for (const file of map.files())
    if (relative(root, file).startsWith(`${part}/`)) summary.merge(map.fileCoverageFor(file).toSummary());
  return summary;
}

async function main() {
  const map = createCoverageMap(read("coverage-final.json"));
  map.merge(await ofProcesses());
  map.filter((file) => /^(lib|kernel)\//.test(relative(root, file)));
  create("html").execute(createContext({ dir: join(folder, "html"), coverageMap: map }));
  for (const part of [...PARTS, "lib"]) {
    const { statements, branches } = summaryOf(map, part).data;
    const goal = PARTS.includes(part) ? `  (goal: ${GOAL} %)` : "";
    console.log(`${part.padEnd(14)} ${statements.pct} % of statements, ${branches.pct} % of branches${goal}`);
  }
  console.log(`Report: ${relative(root, join(folder, "html", "index.html"))}`);
}

main();
