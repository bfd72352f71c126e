// Replaces the build with one that counts what it executes, for the processes that tests start. Compiles as Jest does, so
// that the counters of both can be added. The next command builds again, because the stamps of the build are removed.
const { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { dirname, join, relative } = require("node:path");
const { createInstrumenter } = require("istanbul-lib-instrument");
const { transformSync } = require("@swc/core");

const root = join(__dirname, "..", "..");
const state = join(root, ".wirebook");
const [folder] = process.argv.slice(2);

function* sources(path) {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== "dist" && entry.name !== "node_modules") yield* sources(inner);
    } else if (/(?<![.]test|[.]d)[.]ts$/.test(entry.name)) yield inner;
  }
}

rmSync(join(state, "built"), { force: true });
const counters = {};
for (const part of ["lib", "kernel"]) {
  const base = join(root, part);
  // Otherwise the compiler considers its output up to date.
  rmSync(join(base, "dist", ".tsbuildinfo"), { force: true });
  for (const file of sources(base)) {
    const { code, map } = transformSync(readFileSync(file, "utf8"), {
      filename: file,
      sourceMaps: true,
      jsc: { parser: { syntax: "typescript" }, target: "es2022" },
      // The executor loads ES modules with import().
      module: { type: "commonjs", ignoreDynamic: true },
    });
    const instrumenter = createInstrumenter({ esModules: false, compact: false });
    const out = join(base, "dist", relative(base, file).replace(/ts$/, "js"));
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, instrumenter.instrumentSync(code, file, JSON.parse(map)));
    counters[file] = instrumenter.lastFileCoverage();
  }
}
writeFileSync(join(folder, "files.json"), JSON.stringify(counters));
