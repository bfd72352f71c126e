#!/usr/bin/env node
const { existsSync } = require("node:fs");
const path = require("node:path");

if (!existsSync(path.join(__dirname, "../dist/command/command.js"))) {
  console.error("wirebook-kernel is not built.\n  Build it: run `npm run build` in the Wirebook folder.");
  process.exit(1);
}
const { main } = require("../dist/command/command.js");

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(`wirebook-kernel: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  },
);
