import { keepDefined, takeExportNames } from "./declarations";

test("the exports that CommonJS sets to undefined at first are taken out, line for line", () => {
  const head = 'Object.defineProperty(exports, "__esModule", { value: true });\n';
  const { code, names } = takeExportNames(`${head}exports.b = exports.a = void 0;\nconst a = 1;\n`);
  expect(names).toEqual(["b", "a"]);
  expect(code).toBe(`${head}\nconst a = 1;\n`);
});

test("code without exports stays", () => {
  expect(takeExportNames("1;\n")).toEqual({ code: "1;\n", names: [] });
});

test.each<[string, string, string, string[], string[], string]>([
  [
    "all defined: all declared anew",
    "declare const a: string;\n",
    "declare const a: number;\n",
    ["a"],
    ["a"],
    "declare const a: number;\n",
  ],
  [
    "none defined: all as before",
    "declare const a: string;\n",
    "declare const a: number;\n",
    ["a"],
    [],
    "declare const a: string;\n",
  ],
  [
    "one of two",
    "",
    "declare const a: number, b: number;\n",
    ["a", "b"],
    ["a"],
    "declare const a: number;\n",
  ],
  [
    "types stay",
    "",
    "interface I {\n    x: number;\n}\ndeclare const a: I;\n",
    ["a"],
    [],
    "interface I {\n    x: number;\n}\n",
  ],
  [
    "imports by name",
    "",
    'import { p, q as r } from "m";\n',
    ["p", "r"],
    ["r"],
    'import { q as r } from "m";\n',
  ],
  [
    "functions and classes",
    "",
    "declare function f(): void;\ndeclare class C {\n}\n",
    ["f", "C"],
    ["f"],
    "declare function f(): void;\n",
  ],
])("%s", (_, before, after, names, defined, wanted) => {
  expect(keepDefined(before, after, names, defined)).toBe(wanted);
});
