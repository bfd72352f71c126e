import { readFileSync } from "node:fs";
import { withSharedData } from "../../../test/shared-data";
import { canonicalRule } from "./canonical-rule";
import type { SyntaxFamily, Variant } from "./context";
import { IPTABLES_VERSIONS, type IptablesVersion } from "./iptables-version";
import { printRuleset } from "./print/print-ruleset";
import { parseDump } from "./read/parse";
import { parseRuleset } from "./ruleset/parse-ruleset";

const read = <T>(file: string): T => JSON.parse(readFileSync(file, "utf8"));

interface UpstreamRule {
  readonly family: "both" | "ipv4" | "ipv6" | "arp" | "eb";
  readonly table: string;
  readonly chains: readonly string[];
  readonly rule: string;
  readonly expectedSave: string | null;
  readonly result: "OK" | "FAIL";
  readonly variant: "LEGACY" | null;
}

const FAMILIES: Readonly<Record<UpstreamRule["family"], readonly SyntaxFamily[]>> = {
  both: ["ipv4", "ipv6"],
  ipv4: ["ipv4"],
  ipv6: ["ipv6"],
  arp: ["arp"],
  eb: ["bridge"],
};

const IP_VARIANTS: readonly Variant[] = ["legacy", "nft"];

/** ebtables-nft prints `-j CONTINUE` for a rule without a target. The upstream tests compare only the start of the line. */
const says = (found: string, expected: string, family: SyntaxFamily): boolean =>
  found === expected || (family === "bridge" && found === `${expected} -j CONTINUE`);

function passes(each: UpstreamRule, iptables: IptablesVersion): boolean {
  return FAMILIES[each.family].every((family) =>
    each.chains.every((chain) =>
      (family === "arp" || family === "bridge" ? (["nft"] as const) : IP_VARIANTS).every((variant) => {
        if (each.variant === "LEGACY" && variant === "nft") return true;
        const found = canonicalRule({
          family,
          variant,
          iptables,
          table: each.table,
          chain,
          rule: each.rule,
        });
        if (each.result === "FAIL") return "refused" in found;
        return (
          "length" in found && found.length === 1 && says(found[0] ?? "", each.expectedSave ?? "", family)
        );
      }),
    ),
  );
}

/**
 * `nfacct` objects are not part of the rules, so that a dump does not show whether they exist.
 */
const KNOWN_TO_FAIL = ["-m nfacct --nfacct-name wrong"];

withSharedData("extensions/rules.json", 681, (file) => {
  const rules = read<readonly UpstreamRule[]>(file);
  test.each(IPTABLES_VERSIONS)(
    "upstream's extension tests, version %s: accepted rules print as saved, refused ones are refused",
    (iptables) => {
      const failing = rules.filter((each) => !passes(each, iptables)).map(({ rule }) => rule);
      expect(failing).toEqual(KNOWN_TO_FAIL);
    },
  );
  return rules.length;
});

interface Pair {
  readonly name: string;
  readonly family: "ipv4" | "ipv6";
  readonly input: string;
  readonly legacy: string | null;
  readonly nft: string | null;
  readonly error: string | null;
}

const withoutComments = (text: string): string =>
  text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n");

withSharedData("roundtrip/pairs.json", 180, (file) => {
  const pairs = read<readonly Pair[]>(file);
  test("rule sets of moby, istio and iptables: both variants print as the real iptables-save does", () => {
    const failing = pairs.filter(({ family, input, legacy, nft, error }) => {
      const dump = parseDump(input, { family });
      if (printRuleset(dump, "source") !== input) return true;
      if (error !== null) return dump.problems.length === 0;
      if (dump.problems.length > 0 || legacy === null || nft === null) return true;
      return (
        printRuleset(dump, "legacy") !== withoutComments(legacy) ||
        printRuleset(dump, "nft") !== withoutComments(nft)
      );
    });
    expect(failing.map(({ name }) => name)).toEqual([]);
  });
  return pairs.length;
});

interface Cluster {
  readonly id: string;
  readonly iptablesSaveLegacy: string;
  readonly iptablesSaveNft: string;
}

withSharedData("kube-proxy/flows.json", 10, (file) => {
  const clusters = read<readonly Cluster[]>(file);
  test("every rule of kube-proxy's dumps is understood", () => {
    const unknown = clusters.flatMap(({ iptablesSaveLegacy, iptablesSaveNft }) =>
      [iptablesSaveLegacy, iptablesSaveNft].flatMap((text) =>
        [...parseRuleset(text).tables.values()].flatMap((table) =>
          [...table.chains.values()].flatMap(({ rules }) =>
            rules
              .filter(
                ({ matches, action }) =>
                  action.kind === "opaque" || matches.some(({ kind }) => kind === "opaque"),
              )
              .map(({ text: rule }) => rule),
          ),
        ),
      ),
    );
    expect(unknown).toEqual([]);
  });
  return clusters.length;
});
