import fc from "fast-check";
import { matchesPattern } from "./history";

test.each([
  ["1 + 1", "1*1", true],
  ["1 + 1", "1?+?1", true],
  ["1 + 1", "1", false],
  ["1 + 1", "*", true],
  ["", "*", true],
  ["", "?", false],
  ["a.b", "a.b", true],
  ["axb", "a.b", false],
  ["line\nline", "l*e", true],
  ["abcabd", "*abd", true],
  ["a*b", "a*b", true],
])("%j and the pattern %j: %s", (text, pattern, expected) => {
  expect(matchesPattern(text, pattern)).toBe(expected);
});

const letters = fc.constantFrom("a", "b", "*", "?");
const word = fc.array(letters, { maxLength: 8 }).map((parts) => parts.join(""));

test("a pattern matches what the equivalent regular expression matches", () => {
  fc.assert(
    fc.property(word, word, (text, pattern) => {
      const source = pattern.replaceAll("*", "[^]*").replaceAll("?", "[^]");
      expect(matchesPattern(text, pattern)).toBe(new RegExp(`^${source}$`).test(text));
    }),
  );
});

test("many stars take no longer than one", () => {
  const startedMs = performance.now();
  expect(matchesPattern("x".repeat(10_000), `${"*".repeat(1_000)}~`)).toBe(false);
  expect(matchesPattern("x".repeat(10_000), `${"*x".repeat(1_000)}~`)).toBe(false);
  // A backtracking match would not end within the age of the universe.
  expect(performance.now() - startedMs).toBeLessThan(10_000);
});
