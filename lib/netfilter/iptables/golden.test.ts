import { readFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalRule } from "./canonical-rule";
import type { SyntaxFamily } from "./context";

interface Golden {
  readonly family: SyntaxFamily;
  readonly table: string;
  readonly chain: string;
  readonly rule: string;
  readonly legacy: string | null;
  readonly nft?: string | null;
}

const golden: readonly Golden[] = JSON.parse(readFileSync(join(__dirname, "golden", "rules.json"), "utf8"));

test("every rule prints, or is refused, as iptables 1.8.9 did", () => {
  const wrong: unknown[] = [];
  for (const { legacy, nft, ...placed } of golden)
    for (const [variant, real] of [
      ["legacy", legacy],
      ["nft", nft],
    ] as const) {
      if (real === undefined) continue;
      const found = canonicalRule({ ...placed, variant });
      const same =
        real === null ? "refused" in found : "length" in found && found.length === 1 && found[0] === real;
      if (!same) wrong.push({ ...placed, variant, real, found });
    }
  expect(wrong).toEqual([]);
  expect(golden.length).toBeGreaterThan(1000);
});

/** Where iptables itself cannot read again what it printed, or reads something else. */
const NOT_FIXED: readonly (readonly [why: string, rules: RegExp])[] = [
  ["its test prints for each unit, and may be given once (libxt_rateest.c)", /^-m rateest .*-bps.*-pps/],
  [
    "a range that covers all prints as nothing, and nothing is read as 0 (libxt_ipcomp.c)",
    /^-p ipcomp -m ipcomp$/,
  ],
  ["a prefix of no bits prints as nothing, and has to be given (libip6t_DNPT.c)", /^-j DNPT/],
  ["an interface's name is never quoted", /^-i a b$/],
  ["a list of days without a day prints as nothing (libxt_time.c)", /^-m time .*days {2}--/],
  ["day 0 is not printed, and all days ask nothing (libxt_time.c)", /^-m time --monthdays 1,2,3,.*,30,31 /],
  [
    "32 bits do not hold the time (libxt_RATEEST.c)",
    /^-j RATEEST .*--rateest-ewmalog (?:0us|604.0s|\d{4}\.\d*s)$/,
  ],
  ["an empty name is not quoted", /--(?:physdev-\w+|rateest-name|genre) (?: |$)/],
];

test("the canonical form is a fixed point", () => {
  const wrong = new Set<string>();
  for (const { legacy, nft: _, ...placed } of golden) {
    if (legacy === null) continue;
    const found = canonicalRule({ ...placed, variant: "legacy", rule: legacy });
    if (!("length" in found) || found[0] !== legacy) wrong.add(legacy);
  }
  expect([...wrong].filter((rule) => !NOT_FIXED.some(([, rules]) => rules.test(rule)))).toEqual([]);
  for (const [why, rules] of NOT_FIXED)
    expect([why, [...wrong].some((rule) => rules.test(rule))]).toEqual([why, true]);
});
