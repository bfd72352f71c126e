// Runs the examples whose paths are given, one after the other. An example may use await at its top level, so it becomes
// the body of an async function. `wirebook` is the built library.
const { readFileSync } = require("node:fs");
const { resolve } = require("node:path");
const Module = require("node:module");
const { transformSync } = require("@swc/core");

const library = resolve(__dirname, "../../lib/dist/index.js");
const resolveFilename = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  return request === "wirebook" ? library : resolveFilename.call(this, request, ...rest);
};
require.extensions[".ts"] = (module, filename) => {
  const source = readFileSync(filename, "utf8");
  const { code } = transformSync(source, {
    filename,
    jsc: { parser: { syntax: "typescript" }, target: "es2022" },
    module: { type: "commonjs" },
  });
  module._compile(
    `module.exports = async () => {
${code}
};`,
    filename,
  );
};

(async () => {
  const [first, ...paths] = process.argv.slice(2);
  // With an open lab, the containers that a process shares between its labs are started once, not for each example.
  const lab = first === "--engine" ? await require(library).Lab.open("keep-session") : undefined;
  for (const path of lab === undefined && first !== undefined ? [first, ...paths] : paths) {
    try {
      await require(path)();
    } catch (error) {
      console.error(`${path}:`, error);
      process.exitCode = 1;
    }
  }
  await lab?.close();
})();
