import { goldenRules, printedBy } from "../../../test/netfilter/golden-rules";
import { canonicalRule } from "./canonical-rule";
import { IPTABLES_VERSIONS } from "./iptables-version";

test.each(IPTABLES_VERSIONS)("every rule prints, or is refused, as iptables %s did", (iptables) => {
  const wrong: unknown[] = [];
  let asked = 0;
  for (const rule of goldenRules) {
    const printed = printedBy(rule, iptables);
    for (const variant of ["legacy", "nft"] as const) {
      const real = printed[variant];
      if (real === undefined) continue;
      asked++;
      const found = canonicalRule({ ...rule, variant, iptables });
      const same =
        real === null ? "refused" in found : "length" in found && found.length === 1 && found[0] === real;
      if (!same) wrong.push({ rule: rule.rule, variant, real, found });
    }
  }
  expect(wrong).toEqual([]);
  expect(asked).toBeGreaterThan(4000);
});

/** Rules that iptables itself cannot read again after printing them, or reads differently. */
const NOT_FIXED: readonly (readonly [why: string, rules: RegExp])[] = [
  [
    "the test is printed for each unit, but may be given only once (libxt_rateest.c)",
    /^-m rateest .*-bps.*-pps/,
  ],
  [
    "a range of all values is not printed, and a missing range is read as 0 (libxt_ipcomp.c)",
    /^-p ipcomp -m ipcomp$/,
  ],
  ["a prefix of no bits is not printed, but required (libip6t_DNPT.c)", /^-j DNPT/],
  ["an interface's name is never quoted", /^-i a b$/],
  ["an empty list of days is printed without a value (libxt_time.c)", /^-m time .*days {2}--/],
  [
    "day 0 is not printed, and a list of all days is left out (libxt_time.c)",
    /^-m time --monthdays 1,2,3,.*,30,31 /,
  ],
  [
    "the time does not fit into 32 bits (libxt_RATEEST.c)",
    /^-j RATEEST .*--rateest-ewmalog (?:0us|604.0s|\d{4}\.\d*s)$/,
  ],
  ["an empty name is not quoted", /--(?:physdev-\w+|rateest-name|genre) (?: |$)/],
];

/** 1.8.11 cannot read what it prints for a mask with holes. */
const NOT_FIXED_IN_1_8_11: readonly (readonly [why: string, rules: RegExp])[] = [
  ["a mask without a length prints as -1 (libxt_HMARK.c)", /^-j HMARK .*-prefix -1/],
  ["a mask without a length prints as 4294967295 (libip6t_srh.c)", /^-m srh .*\/4294967295/],
];

/** iptables cannot read what it prints for two matches of one port that exclude each other. */
const NOT_FIXED_IN_NFT: readonly (readonly [why: string, rules: RegExp])[] = [
  ["a reversed range", /^-p tcp -m tcp (?:! )?--dport (?:8:6|7:5)$/],
];

test.each([
  ["1.8.9", "legacy", NOT_FIXED],
  ["1.8.11", "legacy", [...NOT_FIXED, ...NOT_FIXED_IN_1_8_11]],
  ["1.8.11", "nft", [...NOT_FIXED, ...NOT_FIXED_IN_1_8_11, ...NOT_FIXED_IN_NFT]],
] as const)(
  "what iptables %s (%s) prints is read again and prints the same",
  (iptables, variant, exceptions) => {
    const wrong = new Set<string>();
    for (const rule of goldenRules) {
      const real = printedBy(rule, iptables)[variant];
      if (typeof real !== "string") continue;
      const found = canonicalRule({ ...rule, rule: real, variant, iptables });
      if (!("length" in found) || found[0] !== real) wrong.add(real);
    }
    expect([...wrong].filter((rule) => !exceptions.some(([, rules]) => rules.test(rule)))).toEqual([]);
    if (variant === "legacy")
      for (const [why, rules] of exceptions)
        expect([why, [...wrong].some((rule) => rules.test(rule))]).toEqual([why, true]);
  },
);
