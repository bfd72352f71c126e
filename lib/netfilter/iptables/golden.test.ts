import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SyntaxFamily } from "./declare";
import { canonicalRule } from "./one-rule";

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

/**
 * iptables' own exceptions: a range that covers all prints as nothing, and nothing is read as 0 (libxt_ipcomp.c); a prefix
 * of no bits prints as nothing, and has to be given (libip6t_DNPT.c).
 */
const NOT_FIXED = [
  "-p ipcomp -m ipcomp",
  "-j DNPT --dst-pfx fd00::/48",
  "-j DNPT --src-pfx fd00::/48",
  "-j DNPT",
];

test("the canonical form is a fixed point", () => {
  const wrong: string[] = [];
  for (const { legacy, nft: _, ...placed } of golden) {
    if (legacy === null) continue;
    const found = canonicalRule({ ...placed, variant: "legacy", rule: legacy });
    if (!("length" in found) || found[0] !== legacy) wrong.push(legacy);
  }
  expect(wrong).toEqual(NOT_FIXED);
});
