import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client, shown } from "../test-support/client";

jest.setTimeout(180_000);

let client: Client;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "wirebook-notebook-"));
  client = await Client.start(folder);
});
afterAll(async () => {
  await client.close();
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): void {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), text);
}

const results = async (code: string) => shown((await client.run(code)).messages);
const failure = async (code: string) => String((await client.run(code)).reply["traceback"]);

test("local TypeScript is found in the notebook's folder, and loaded again after a change", async () => {
  expect((await client.run('import { twice } from "./local"; twice(4)')).reply["status"]).toBe("error");
  write(
    "local.ts",
    "export const twice = (x: number): number => {\n  if (x < 0) throw new Error('negative');\n  return 2 * x;\n};\n",
  );
  expect(await results('import { twice } from "./local"; twice(4)')).toEqual(["result: 8"]);
  expect(await failure("twice(-1)")).toMatch(/local\.ts:2:20/);
  write("local.ts", "export const twice = (x: number): string => 'twice ' + x;\n");
  expect(await results('import { twice } from "./local"; twice(5)')).toEqual(["result: 'twice 5'"]);
});

test("local files can be imported by their full names, and from other folders", async () => {
  write("parts/one.ts", 'import { two } from "../two.mjs";\nexport const three = two + 1;\n');
  write("two.mts", "export const two = 2;\n");
  write("parts/index.ts", 'export * from "./one.ts";\n');
  write("view.jsx", "export const plain = 'jsx';\n");
  expect(await results('import { three } from "./parts/one.ts"; three')).toEqual(["result: 3"]);
  expect(await results('import { three as drei } from "./parts"; drei')).toEqual(["result: 3"]);
  expect(await results('(await import("./two.mjs")).two')).toEqual(["result: 2"]);
});

test("a CommonJS file can be imported, and later cells work", async () => {
  write("plain.js", 'function add(a, b) { return a + b; }\nmodule.exports = { add, name: "plain" };\n');
  write("named.js", "exports.twice = (x) => 2 * x;\nexports.twice(1);\n");
  write("last.ts", "export const three = 3;\nthree + 1;\n");
  expect(await results('import { add } from "./plain.js"; add(1, 2)')).toEqual(["result: 3"]);
  expect(await results("1 + 1")).toEqual(["result: 2"]);
  expect(await results('import plain from "./plain"; plain.name + add(2, 3)')).toEqual(["result: 'plain5'"]);
  expect(await results('import { twice } from "./named"; twice(4)')).toEqual(["result: 8"]);
  expect(await results('import { three } from "./last"; const four = three + 1;')).toEqual([]);
  expect(await results("[four, twice(1), add(1, 1)]")).toEqual(["result: [ 4, 2, 2 ]"]);
});

test("JSON files are imported with their types, and again after a change", async () => {
  write("data.json", '{ "port": 80 }');
  const code = 'import data from "./data.json" with { type: "json" }; data.port + 1';
  expect(await results(code)).toEqual(["result: 81"]);
  write("data.json", '{ "port": 8080 }');
  expect(await results(code)).toEqual(["result: 8081"]);
});

test("import.meta describes the cell and its folder", async () => {
  expect(await results('import.meta.dirname + " " + import.meta.url.startsWith("file:///")')).toEqual([
    `result: '${folder} true'`,
  ]);
  write("where.ts", "export const file = import.meta.filename;\n");
  expect(await results('import { file } from "./where"; file')).toEqual([`result: '${folder}/where.ts'`]);
  expect(await results('import.meta.resolve("node:fs")')).toEqual(["result: 'node:fs'"]);
});

test("packages with exports, ESM-only packages, and packages with top-level await can be imported", async () => {
  const pack = (name: string, manifest: object, files: Readonly<Record<string, string>>) => {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: "1.0.0", ...manifest }));
    for (const [file, text] of Object.entries(files)) write(`node_modules/${name}/${file}`, text);
  };
  const types = "export declare const port: number;\nexport default port;\n";
  const code = "export const port = 7;\nexport default port;\n";
  pack(
    "only-esm",
    { type: "module", exports: { types: "./i.d.ts", default: "./i.js" } },
    { "i.js": code, "i.d.ts": types },
  );
  pack(
    "only-import",
    {
      exports: {
        ".": { types: "./i.d.ts", import: "./i.mjs" },
        "./sub": { types: "./i.d.ts", import: "./i.mjs" },
      },
    },
    { "i.mjs": code, "i.d.ts": types },
  );
  pack(
    "awaits",
    { type: "module", exports: { types: "./i.d.ts", default: "./i.js" } },
    { "i.js": `await new Promise((resolve) => setTimeout(resolve, 5));\n${code}`, "i.d.ts": types },
  );
  pack(
    "both",
    { exports: { types: "./i.d.ts", import: "./i.mjs", require: "./i.cjs" } },
    {
      "i.mjs": code,
      "i.cjs": "exports.port = 7; exports.default = 7; exports.__esModule = true;\n",
      "i.d.ts": types,
    },
  );
  for (const name of ["only-esm", "only-import", "only-import/sub", "awaits", "both"]) {
    const imported = `import standard, { port as named } from "${name}"; import * as all from "${name}";`;
    expect([name, await results(`${imported} [standard, named, all.port, all.default]`)]).toEqual([
      name,
      ["result: [ 7, 7, 7, 7 ]"],
    ]);
    expect([name, await results(`(await import("${name}")).port`)]).toEqual([name, ["result: 7"]]);
  }
  write("uses.ts", 'import { port } from "awaits";\nexport const next = port + 1;\n');
  expect(await results('import { next } from "./uses"; next')).toEqual(["result: 8"]);
});

test("a missing package, a package without types and a missing await: the message says what to do", async () => {
  expect(await failure('import { x } from "no-such-package/part"')).toContain(
    `cd ${folder} && npm install no-such-package`,
  );
  write("node_modules/@some/untyped/package.json", '{ "name": "@some/untyped", "main": "i.js" }');
  write("node_modules/@some/untyped/i.js", "exports.x = 1;\n");
  const untyped = await failure('import { x } from "@some/untyped"; x');
  expect(untyped).toContain("The package @some/untyped comes without types");
  expect(untyped).toContain("npm install @types/some__untyped");
  expect(await results('// @ts-ignore\nimport { x } from "@some/untyped"; x')).toEqual(["result: 1"]);
  expect(await failure("(async () => [1])().length")).toContain("Did you forget to use 'await'?");
});

test.each(["ip route", "%sh client", "!ls -l", "iptables -t nat -L", "ping -c 1 10.0.0.1", "cat /etc/hosts"])(
  "%s in a TypeScript cell gets the hint to use %%sh",
  async (line) => {
    expect(await failure(line)).toMatch(/start the cell with %%sh PLACE/);
  },
);

test("resources of using and await using are disposed of at the end of the cell, and the cell has a result", async () => {
  const code = `
    using first = { [Symbol.dispose]() { console.log("first closed"); } };
    await using second = { async [Symbol.asyncDispose]() { console.log("second closed"); } };
    const total = 40 + 2;
    console.log("body", typeof first, typeof second);
    total`;
  expect(await results(code)).toEqual([
    "stdout: body object object\nsecond closed\nfirst closed\n",
    "result: 42",
  ]);
  expect(await results("total + 1")).toEqual(["result: 43"]);
  expect(
    await results(
      "class Logged { @((method: () => number, _: ClassMethodDecoratorContext) => () => method() + 1) run() { return 1 } }\nnew Logged().run()",
    ),
  ).toEqual(["result: 2"]);
});

test("a local file is found after a new executor has started, and reloaded after its import has changed", async () => {
  write("one.ts", "export const one = 1;\n");
  write("sum.ts", 'import { one } from "./one";\nexport const sum = () => one + 1;\n');
  const code = 'import { sum } from "./sum"; sum()';
  expect(await results(code)).toEqual(["result: 2"]);
  write("one.ts", "export const one = 10;\n");
  expect(await results(code)).toEqual(["result: 11"]);
  await client.run("process.exit(0)");
  expect(await results(code)).toEqual(["result: 11"]);
});

test("the bundled package and its types are found from any folder", async () => {
  expect(await results('import * as wirebook from "wirebook"; typeof wirebook')).toEqual([
    "result: 'object'",
  ]);
});

/** Five lines of the list that `kernel/conformance/packages.ts` runs completely. */
const packages: readonly [string, string, string][] = [
  ["nanoid", 'import { nanoid } from "nanoid"; nanoid(8).length', "8"],
  ["got", 'import got from "got"; typeof got.get', "'function'"],
  [
    "effect",
    'import { Effect, pipe } from "effect"; Effect.runSync(pipe(Effect.succeed(1), Effect.map((n) => n + 1)))',
    "2",
  ],
  [
    "arktype",
    'import { type } from "arktype"; const User = type({ name: "string" }); typeof User({ name: "x" })',
    "'object'",
  ],
  ["p-limit", 'import pLimit from "p-limit"; await pLimit(1)(async () => 1)', "1"],
];

test.each(packages)("the package %s imports, type-checks and runs", async (name, code, result) => {
  const target = path.join(folder, "node_modules", name);
  if (!existsSync(target)) symlinkSync(path.join(__dirname, "../../node_modules", name), target);
  expect(await results(code)).toEqual([`result: ${result}`]);
});
