#!/usr/bin/env node
const { existsSync } = require("node:fs");
const path = require("node:path");

if (!existsSync(path.join(__dirname, "../dist/cli/index.js"))) {
  console.error("wirebook is not built. Run `npm run build` in the Wirebook folder.");
  process.exit(1);
}
require("../dist/cli/index.js").main(process.argv);
