// Loaded into every process that tests start (NODE_OPTIONS): writes its counters every second and when it exits. Every
// second, because the kernel kills its executors.
const { writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { threadId } = require("node:worker_threads");

const folder = process.env.WIREBOOK_COVERAGE;

function write() {
  const coverage = globalThis.__coverage__;
  if (coverage === undefined) return;
  const counts = Object.entries(coverage).map(([file, { s, f, b }]) => [file, { s, f, b }]);
  writeFileSync(
    join(folder, `process-${process.pid}-${threadId}.json`),
    JSON.stringify(Object.fromEntries(counts)),
  );
}

if (folder !== undefined) {
  setInterval(write, 1_000).unref();
  process.on("exit", write);
}
