// Runs a TypeScript program without a build step: `node test/run-ts.cjs test/bench/main.ts …`. A `require` hook
// compiles each file with SWC, as in the Jest configuration.
const { readFileSync } = require("node:fs");
const { resolve } = require("node:path");
const { transformSync } = require("@swc/core");

require.extensions[".ts"] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, "utf8"), {
    filename,
    sourceMaps: "inline",
    jsc: { parser: { syntax: "typescript" }, target: "es2022" },
    module: { type: "commonjs" },
  });
  module._compile(code, filename);
};
process.setSourceMapsEnabled(true);
const program = resolve(process.argv[2]);
process.argv.splice(1, 2, program);
require(program);
