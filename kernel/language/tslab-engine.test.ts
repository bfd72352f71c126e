import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TypeCheck } from "./engine";
import { TslabEngine } from "./tslab-engine";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), "wirebook-engine-")));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): void {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), text);
}

/** Converts cells one after the other. Returns the errors of the last one; none when it can be run. */
function errorsOf(cells: readonly string[], check?: TypeCheck): string[] {
  return errorsWith(new TslabEngine(folder, check), cells);
}

function errorsWith(engine: TslabEngine, cells: readonly string[]): string[] {
  let errors: string[] = [];
  for (const cell of cells) {
    const conversion = engine.convert(cell);
    errors =
      conversion.kind === "code"
        ? []
        : conversion.diagnostics.map(({ code, message }) => `TS${code} ${message}`);
    engine.commit();
  }
  return errors;
}

const newer = (exists: boolean) =>
  exists ? [] : [expect.stringMatching(/^TS2\d+ Property '\w+' does not exist/)];

test("each kind of cell has the errors that TypeScript finds", () => {
  const engine = new TslabEngine(folder);
  const cases: readonly (readonly [string, readonly unknown[]])[] = [
    ["function twice(x) { return 2 * x }", [expect.stringMatching(/^TS7006 .*implicitly has an 'any' type/)]],
    ["const text: string | undefined = process.env.HOME; text.length", [expect.stringMatching(/^TS18048 /)]],
    ["// @ts-nocheck\nconst wrong: number = 'text'; wrong", []],
    ["/* a title */\n// @ts-nocheck\nconst wrong2: number = 'text';", []],
    ["const right = 1;\n// @ts-nocheck\nconst wrong3: number = 'text';", [expect.stringMatching(/^TS2322 /)]],
    ["const text1 = 'a // @ts-nocheck'; const wrong4: number = text1", [expect.stringMatching(/^TS2322 /)]],
    ["{ using file = { [Symbol.dispose]() {} }; file }", []],
    ["await using lock = { async [Symbol.asyncDispose]() {} };", []],
    ["class A { @((_: unknown, c: ClassMethodDecoratorContext) => { c.name; }) run() {} }", []],
    ["class B { @((target: object, key: string) => {}) run() {} }", [expect.stringMatching(/^TS1241 /)]],
    ["function pick<T>(all: T[], one: NoInfer<T>) { return one }\npick(['a'], 'b')", []],
    [
      "function pick2<T extends string>(all: T[], one: NoInfer<T>) { return one }\npick2(['a'], 'b')",
      [expect.stringMatching(/^TS2345 /)],
    ],
    ["const settings = { port: 1 } satisfies Record<string, number>; settings.port", []],
    [
      "function tuple<const T extends unknown[]>(...all: T) { return all }\nconst two: [1, 2] = tuple(1, 2);",
      [],
    ],
    ["enum Level { Low, High }\nLevel.High", []],
    ["[3, 1].toSorted()", newer("toSorted" in Array.prototype)],
    ["Object.groupBy([1], () => 'a')", newer("groupBy" in Object)],
    ["Promise.withResolvers<number>()", newer("withResolvers" in Promise)],
    ["new Set([1]).union(new Set([2]))", newer("union" in Set.prototype)],
    ["const anonymous = class { private secret = 1; open = 2 }; new anonymous().open", []],
    ["new anonymous().open + 1", []],
    ["async function load() { return { port: 1 } }", []],
    [
      "load().port",
      [
        "TS2339 Property 'port' does not exist on type 'Promise<{ port: number; }>'.\n  Did you forget to use 'await'?",
      ],
    ],
    ["const { port: p } = await load(); p", []],
    ["const { open: o } = new anonymous(); ({ open: o }).open", []],
  ];
  for (const [cell, wanted] of cases) {
    const found = errorsWith(engine, [cell]);
    expect([cell, found.slice(0, wanted.length || undefined)]).toEqual([cell, wanted]);
  }
});

test("a kernel option turns type errors into warnings, or turns the check off", () => {
  const wrong = "const wrong: number = 'text'; wrong";
  const warn = new TslabEngine(folder, "warn").convert(wrong);
  expect(warn).toMatchObject({ kind: "code", warnings: [{ code: 2322, start: { line: 0, column: 6 } }] });
  expect(new TslabEngine(folder, "off").convert(wrong)).toMatchObject({ kind: "code", warnings: [] });
  expect(errorsOf(["const = 3"], "off")).toContainEqual(expect.stringMatching(/^TS1134 /));
});

test("a tsconfig.json in the notebook's folder is respected, also when it changes", () => {
  const engine = new TslabEngine(folder);
  const untyped = "function twice(x) { return 2 * x }";
  expect(errorsWith(engine, [untyped])).toHaveLength(1);
  write("base.json", '{ "compilerOptions": { "strict": false } }');
  write(
    "tsconfig.json",
    '{ "extends": "./base.json", "compilerOptions": { "noEmit": true, "module": "commonjs" } }',
  );
  expect(errorsWith(engine, [untyped, "twice(4)"])).toEqual([]);
  write("base.json", '{ "compilerOptions": { "strict": true, "noUncheckedIndexedAccess": true } }');
  expect(errorsWith(engine, [untyped])).toHaveLength(1);
  expect(errorsWith(engine, ["const first: number = [1][0];"])).toEqual([expect.stringMatching(/^TS2322 /)]);
  write("tsconfig.json", '{ "compilerOptions": { "strict": "perhaps" } }');
  expect(errorsWith(engine, ["1"])).toEqual([expect.stringMatching(/^TS5024 /)]);
  rmSync(path.join(folder, "tsconfig.json"));
  expect(errorsWith(engine, ["1"])).toEqual([]);
});

test("JSX, experimental decorators and path mappings are options of tsconfig.json", () => {
  const jsx = 'import { h } from "./jsx";\n<b>x</b>';
  write(
    "jsx.ts",
    "export function h(tag: string, props: object | null, ...children: string[]) { return tag + children }\n" +
      "export namespace h.JSX { export type Element = string; export interface IntrinsicElements { b: object } }\n",
  );
  write("lib/answer.ts", "export const answer = 42;\n");
  write(
    "tsconfig.json",
    JSON.stringify({
      compilerOptions: {
        jsx: "react",
        jsxFactory: "h",
        experimentalDecorators: true,
        paths: { "@/*": ["./lib/*"] },
      },
    }),
  );
  expect(errorsOf([jsx, "<b>{h('i', null)}</b>"])).toEqual([]);
  expect(errorsOf(["class B { @((target: object, key: string) => {}) run() {} }"])).toEqual([]);
  const conversion = new TslabEngine(folder).convert('import { answer } from "@/answer"; answer');
  expect(conversion).toMatchObject({
    kind: "code",
    program: { imports: [{ id: "@/answer", file: path.join(folder, "lib/answer.ts") }] },
  });
});

test("what an import finds depends on the exports of the package and on the files of the folder", () => {
  const engine = new TslabEngine(folder);
  write(
    "node_modules/modern/package.json",
    '{ "name": "modern", "type": "module", "exports": { ".": { "types": "./d/i.d.ts", "import": "./i.js" } } }',
  );
  write("node_modules/modern/d/i.d.ts", "export declare const port: number;\n");
  write("node_modules/untyped/package.json", '{ "name": "untyped", "main": "i.js" }');
  write("node_modules/untyped/i.js", "exports.x = 1;\n");
  write("typed.ts", "export const one = 1;\n");
  write("module.mts", "export const two = 2;\n");
  write("plain.js", "module.exports = { three: 3 };\n");
  write("data.json", '{ "four": 4 }');
  const cases: readonly (readonly [string, readonly unknown[]])[] = [
    ['import { port } from "modern"; port.toFixed()', []],
    ['import { one } from "./typed.ts"; one', []],
    ['import { one as uno } from "./typed"; uno', []],
    ['import { two } from "./module.mjs"; two', []],
    ['import plain from "./plain.js"; plain.three', []],
    ['import data from "./data.json" with { type: "json" }; data.four.toFixed()', []],
    ['import data2 from "./data.json"; data2.five', [expect.stringMatching(/^TS2339 /)]],
    ["import.meta.filename + import.meta.dirname + import.meta.url", []],
    ['import { x } from "untyped"; x', [expect.stringMatching(/^TS7016 Could not find a declaration file/)]],
    ['import { x as y } from "missing"; y', [expect.stringMatching(/^TS2307 Cannot find module 'missing'/)]],
  ];
  for (const [cell, wanted] of cases) expect([cell, errorsWith(engine, [cell])]).toEqual([cell, wanted]);
  write("node_modules/missing/package.json", '{ "name": "missing", "types": "i.d.ts" }');
  write("node_modules/missing/i.d.ts", "export declare const x: number;\n");
  expect(errorsWith(engine, ['import { x as y } from "missing"; y'])).toEqual([]);
});

test("names of a bundled package are completed with their import, and errors say how to import them", () => {
  write("node_modules/kit/package.json", '{ "name": "kit", "types": "i.d.ts" }');
  write(
    "node_modules/kit/i.d.ts",
    "export declare class Workbench { size: number }\nexport declare function work(): void;\n",
  );
  const engine = new TslabEngine(folder);
  engine.learnPackage("kit");
  const code = "const bench = new Workb";
  expect(engine.complete(code, code.length)).toEqual({
    start: 0,
    end: code.length,
    matches: [{ text: 'import { Workbench } from "kit";\nconst bench = new Workbench', kind: "class" }],
  });
  expect(engine.complete("w", 1).matches).toContainEqual({ text: "work", kind: "function" });
  expect(errorsWith(engine, ["new Workbench()"])).toEqual([
    "TS2304 Cannot find name 'Workbench'.\n  Import it: import { Workbench } from \"kit\";",
  ]);
  expect(errorsWith(engine, ['import { Workbench } from "kit"; new Workbench().size'])).toEqual([]);
  expect(engine.complete("Workb", 5)).toMatchObject({ matches: [{ text: "Workbench", kind: "variable" }] });
});

test("editor help has kinds, documentation, signatures, and the names of earlier cells", () => {
  const engine = new TslabEngine(folder);
  const cell = `/** Adds two numbers.
 * @param left - the first one. */
function add(left: number, right: number) { return left + right }
const point = { x: 1, y: "a" };`;
  expect(errorsWith(engine, [cell])).toEqual([]);
  const complete = (code: string) => engine.complete(code, code.length);
  expect(complete("point.")).toEqual({
    start: 6,
    end: 6,
    matches: [
      { text: "x", kind: "property" },
      { text: "y", kind: "property" },
    ],
  });
  expect(complete("ad").matches[0]).toEqual({ text: "add", kind: "function" });
  expect(complete("for (const each of [point]) each.").matches.map(({ text }) => text)).toEqual(["x", "y"]);
  expect(complete('import fs from "node:f').matches).toContainEqual({ text: "node:fs", kind: "module" });
  expect(complete("class C { #a = 1; f() { this.#").matches[0]).toEqual({ text: "#a", kind: "property" });
  expect(complete('const key: "left" | "right" = "').matches.map(({ text }) => text)).toEqual([
    "left",
    "right",
  ]);
  const code = "add(1, 2)";
  expect(engine.inspect(code, 1)).toEqual({
    signature: "function add(left: number, right: number): number",
    documentation: "Adds two numbers.",
    tags: [{ name: "param", text: "left - the first one." }],
  });
  expect(engine.inspect(code, 4)?.documentation).toBe(
    "Argument 1: left: number - the first one.\n\nAdds two numbers.",
  );
  expect(engine.inspect(code, 7)?.documentation).toBe("Argument 2: right: number\n\nAdds two numbers.");
  expect(engine.inspect("'a'.replace(", 12)?.signature.split("\n").length).toBeGreaterThan(1);
  expect(engine.inspect("[1].map", 5)?.documentation).toMatch(/^Calls a defined callback function/);
  expect(engine.inspect("unknownName", 3)).toBeUndefined();
});
