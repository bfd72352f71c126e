import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { joinScript, type ScriptValue } from "./script";

const run = (strings: TemplateStringsArray, ...values: readonly ScriptValue[]): string => {
  const { text, args } = joinScript(strings.raw, values);
  return spawnSync("sh", ["-c", text, "sh", ...args], { encoding: "utf8" }).stdout;
};

test("a value is one word, whatever it holds, in and out of quotes", () => {
  const nasty = `a'b"c $(echo no) \`echo no\` ; echo no * \\ \n end`;
  expect(run`printf '<%s>' ${nasty}`).toBe(`<${nasty}>`);
  expect(run`printf '<%s>' "x ${nasty} y"`).toBe(`<x ${nasty} y>`);
  expect(run`printf '<%s>' 'x ${nasty} y'`).toBe(`<x ${nasty} y>`);
  expect(run`printf '<%s>' http://${nasty}/`).toBe(`<http://${nasty}/>`);
});

test("a list is a word for each entry, and an empty one none", () => {
  expect(run`printf '<%s>' ${["a b", "c"]} ${7}`).toBe("<a b><c><7>");
  expect(run`printf '<%s>' x ${[]}`).toBe("<x>");
});

test("law: what goes in as a value comes out as it was", () => {
  // A NUL cannot be in an argument of a program: execve(2).
  const value = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(value, value, (a, b) => {
      expect(run`printf '%s|%s' ${a} "${b}"`).toBe(`${a}|${b}`);
    }),
    { numRuns: 25 },
  );
});
