import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalRule } from "./canonical-rule";
import type { SyntaxFamily, Variant } from "./context";
import { IPTABLES_VERSIONS, type IptablesVersion } from "./iptables-version";
import { printRuleset } from "./print/print-ruleset";
import { parseDump } from "./read/parse";
import { parseRuleset } from "./ruleset/parse-ruleset";

/** Real inputs of other projects. They are not part of this repository, but may be next to it. */
const data = join(__dirname, "..", "..", "..", "..", "shared", "data");
const present = existsSync(data);

/** A test that needs these inputs. Without them, its name says that it did not run. */
function given(name: string, run: () => void): void {
  test(present ? name : `${name} (no inputs beside this clone)`, () => {
    if (present) run();
    else expect(existsSync(data)).toBe(false);
  });
}

const read = <T>(...path: readonly string[]): T => JSON.parse(readFileSync(join(data, ...path), "utf8"));

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

given("upstream's extension tests: accepted rules print as saved, refused ones are refused", () => {
  const rules = read<readonly UpstreamRule[]>("extensions", "rules.json");
  for (const iptables of IPTABLES_VERSIONS) {
    const failing = rules.filter((each) => !passes(each, iptables)).map(({ rule }) => rule);
    console.log(`extensions, ${iptables}: ${rules.length - failing.length} / ${rules.length}`);
    expect(failing).toEqual(KNOWN_TO_FAIL);
  }
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

given("rule sets of moby, istio and iptables: both variants print as the real iptables-save does", () => {
  const pairs = read<readonly Pair[]>("roundtrip", "pairs.json");
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
  console.log(`roundtrip: ${pairs.length - failing.length} / ${pairs.length}`);
  expect(failing.map(({ name }) => name)).toEqual([]);
});

interface Cluster {
  readonly id: string;
  readonly iptablesSaveLegacy: string;
  readonly iptablesSaveNft: string;
}

given("every rule of kube-proxy's dumps is understood", () => {
  const unknown = read<readonly Cluster[]>("kube-proxy", "flows.json").flatMap(
    ({ iptablesSaveLegacy, iptablesSaveNft }) =>
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
