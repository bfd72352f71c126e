import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describeRule } from "../describe";
import { canonicalRule } from "./canonical-rule";
import { printRuleset } from "./print/print-ruleset";
import { parseDump } from "./read/parse";
import { toRuleset } from "./ruleset/to-ruleset";
import { tableStates } from "./table-state";

interface Golden {
  readonly family: "ipv4" | "ipv6";
  readonly table: string;
  readonly chain: string;
  readonly rule: string;
}

const rules: readonly Golden[] = (
  JSON.parse(readFileSync(join(__dirname, "golden", "rules.json"), "utf8")) as readonly Golden[]
).filter(({ family }) => family === "ipv4");

/** Rules that stay the same when they are printed and read again. golden.test.ts lists the others. */
const fixed = rules.filter((placed) => {
  const once = canonicalRule({ ...placed, variant: "nft" });
  if ("refused" in once) return true;
  const again = once.map((rule) => canonicalRule({ ...placed, variant: "nft", rule }));
  return again.every((found, index) => "length" in found && found[0] === once[index]);
});

const pieces = [
  "!",
  '"',
  "\\",
  "-j",
  "-m",
  "-p",
  "--",
  "-",
  "\r",
  "\t",
  " ",
  "COMMIT",
  "*",
  ":",
  "[1:2]",
  "\u0000",
  "é",
  "#",
];

/** A dump of a few real rules with random damage: characters removed, and pieces of syntax inserted. */
const damaged = fc
  .record({
    lines: fc.array(fc.constantFrom(...rules), { minLength: 1, maxLength: 8 }),
    edits: fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        cut: fc.nat(6),
        put: fc.constantFrom("", ...pieces),
      }),
      { maxLength: 6 },
    ),
  })
  .map(({ lines, edits }) => {
    let text = `*mangle\n${lines.map(({ chain, rule }) => `-A ${chain} ${rule}`).join("\n")}\nCOMMIT\n`;
    for (const { at, cut, put } of edits) {
      const from = Math.floor(at * text.length);
      text = text.slice(0, from) + put + text.slice(from + cut);
    }
    return text;
  });

const any = fc.oneof(damaged, fc.string({ maxLength: 300 }), fc.string({ unit: "binary", maxLength: 200 }));

const RUNS = { numRuns: 500 };

test("the parser accepts any text, and prints the source unchanged", () => {
  fc.assert(
    fc.property(any, (text) => {
      const dump = parseDump(text);
      expect(printRuleset(dump, "source")).toBe(text);
      expect(dump.lines.map(({ start, end }) => text.slice(start, end)).join("")).toBe(
        text.replace(/\r*\n|\r+$/g, ""),
      );
    }),
    RUNS,
  );
});

test("no rule is lost: each line that starts with -A is in a chain or in the problems", () => {
  fc.assert(
    fc.property(damaged, (text) => {
      const dump = parseDump(text);
      const seen = new Set<number>(dump.problems.map(({ line }) => line));
      for (const table of tableStates(dump).values())
        for (const chain of table.chains.values()) for (const rule of chain.rules) seen.add(rule.line);
      const flushed = /^\s*(?:\[\d+:\d+\]\s*)?-[FXDREZ]/m.test(text);
      if (flushed) return;
      for (const [index, line] of text.split("\n").entries())
        if (line.startsWith("-A ")) expect(seen).toContain(index + 1);
    }),
    RUNS,
  );
});

test("a rule before the first table of a dump is reported (found by the property above)", () => {
  for (const text of ["-A FORWARD -j ACCEPT\n*filter\nCOMMIT\n", "#*mangle\n-A FORWARD -p tcp\nCOMMIT\n"]) {
    const line = text.split("\n").findIndex((each) => each.startsWith("-A")) + 1;
    expect(parseDump(text).problems).toContainEqual(
      expect.objectContaining({ code: "TABLE_MISPLACED", line }),
    );
  }
});

test("every rule can be converted to the model, described and printed", () => {
  fc.assert(
    fc.property(damaged, (text) => {
      const dump = parseDump(text);
      for (const table of toRuleset(dump).tables.values())
        for (const chain of table.chains.values())
          for (const rule of chain.rules) expect(describeRule(rule)).not.toBe("");
      printRuleset(dump, "legacy");
      printRuleset(dump, "nft");
    }),
    RUNS,
  );
});

test("printed rules are read without problems and print the same again", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...fixed), { maxLength: 6 }), (some) => {
      const text = ["raw", "mangle", "nat", "filter", "security"]
        .map((table) => {
          const own = some.filter((each) => each.table === table);
          return `*${table}\n${own.map(({ chain, rule }) => `-A ${chain} ${rule}\n`).join("")}COMMIT\n`;
        })
        .join("");
      const dump = parseDump(text, { variant: "nft" });
      if (dump.problems.length > 0) return;
      const once = printRuleset(dump, "nft");
      const again = parseDump(once, { variant: "nft" });
      expect(again.problems).toEqual([]);
      expect(printRuleset(again, "nft")).toBe(once);
    }),
    RUNS,
  );
});
