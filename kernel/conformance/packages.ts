import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Client, shown } from "../test-support/client";

/**
 * Runs a list of packages in the kernel: each line has the name of a package, a tab, and a cell that imports it,
 * uses its types and has a result. Installs the packages from npm first.
 *
 * `node test/run-ts.cjs kernel/conformance/packages.ts [LIST]`
 */
async function main([list = "../shared/data/kernel/packages.txt"]: readonly string[]): Promise<number> {
  const lines = readFileSync(list, "utf8")
    .split("\n")
    .filter((line) => line.includes("\t"))
    .map((line) => line.split("\t", 2));
  const folder = path.resolve(".wirebook/packages");
  mkdirSync(folder, { recursive: true });
  install(
    folder,
    lines.flatMap(([name]) => (name ? [name, ...(TYPES[name] ?? [])] : [])),
  );
  const client = await Client.start(folder);
  let failed = 0;
  for (const [name, code = ""] of lines) {
    const { reply, messages } = await client.run(code);
    const isRight = reply["status"] === "ok" && shown(messages).some((each) => each.startsWith("result: "));
    if (!isRight) failed++;
    console.log(`${isRight ? "ok  " : "FAIL"} ${name}: ${shown(messages).join(" | ")}`);
  }
  await client.close();
  console.log(`${lines.length - failed} of ${lines.length} packages`);
  return failed === 0 ? 0 : 1;
}

/** What a package needs beside itself: its types, or packages that it expects. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  lodash: ["@types/lodash"],
  d3: ["@types/d3"],
  "react-dom": ["react", "@types/react", "@types/react-dom"],
  dockerode: ["@types/dockerode"],
  "vega-lite": ["vega"],
};

/** Installs the newest versions that run on this Node. */
function install(folder: string, names: readonly string[]): void {
  writeFileSync(path.join(folder, "package.json"), '{ "private": true }\n');
  const npm = (specifiers: readonly string[]) => {
    const args = ["install", "--no-audit", "--no-fund", "--loglevel", "warn", ...specifiers];
    const { status, stderr } = spawnSync("npm", args, { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(`npm ${args.join(" ")} failed:\n${stderr}`);
    return stderr;
  };
  const refused = [...npm(names).matchAll(/package: '((?:@[^@']+\/)?[^@']+)@/g)].flatMap(
    ([, name]) => name ?? [],
  );
  const older = [...new Set(refused)]
    .filter((name) => names.includes(name))
    .map((name) => `${name}@${newestForThisNode(name)}`);
  if (older.length > 0) npm(older);
}

/** The newest version of a package whose `engines` accepts the running Node. */
function newestForThisNode(name: string): string {
  const { stdout } = spawnSync("npm", ["view", `${name}@*`, "version", "engines.node", "--json"], {
    encoding: "utf8",
  });
  const versions: unknown = JSON.parse(stdout);
  const semver: { satisfies(version: string, range: string): boolean } = require("semver");
  const fitting = (Array.isArray(versions) ? versions : []).filter(
    ({ "engines.node": range }) => range === undefined || semver.satisfies(process.versions.node, range),
  );
  return String(fitting.at(-1)?.version ?? "latest");
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
