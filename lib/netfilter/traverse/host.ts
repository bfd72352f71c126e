import type { RulesetDump, Snapshot } from "../../inspect/snapshot";
import { parseRuleset } from "../iptables";
import type { Host, Ruleset } from "../model";

/** Whether the list contains sysctls that every kernel has. An absent sysctl then does not exist in this kernel. */
export const isComplete = (sysctls: Readonly<Record<string, string>>): boolean =>
  "net.ipv4.ip_forward" in sysctls && "net.ipv4.conf.all.rp_filter" in sysctls;

const parsedDumps = new WeakMap<RulesetDump, Ruleset>();

function rulesetOf(dump: RulesetDump): Ruleset {
  const known = parsedDumps.get(dump);
  if (known !== undefined) return known;
  // Tolerant, because the kernel has accepted these rules. A rule that this parser does not support is treated as unknown.
  const parsed = parseRuleset(dump.text, { family: dump.family, tolerant: true });
  const ruleset: Ruleset = { ...parsed, variant: dump.variant };
  parsedDumps.set(dump, ruleset);
  return ruleset;
}

/**
 * Creates a host from a snapshot of a network namespace. Each rule dump is parsed once; a second call with the same
 * snapshot reuses the result.
 *
 * @throws RulesError `RULES_UNREADABLE` if a dump is not valid `iptables-save` output.
 * @example
 * import { hostOf, Lab } from "wirebook";
 *
 * const lab = await Lab.open("host-of");
 * const client = await lab.netns("client");
 * console.log(hostOf(await client.snapshot()).routes);
 * await lab.close();
 */
export function hostOf(snapshot: Snapshot): Host {
  return {
    place: snapshot.place,
    rulesets: (snapshot.iptables ?? []).map(rulesetOf),
    ...(snapshot.nftables === undefined ? {} : { unread: snapshot.nftables }),
    links: snapshot.links,
    routes: snapshot.routes,
    ...(snapshot.policyRules === undefined ? {} : { policyRules: snapshot.policyRules }),
    ...(snapshot.sysctls === undefined ? {} : { sysctls: snapshot.sysctls }),
    ...(snapshot.sysctls !== undefined && !isComplete(snapshot.sysctls) ? { partialSysctls: true } : {}),
    ...(snapshot.sets === undefined ? {} : { sets: snapshot.sets }),
  };
}

/**
 * Returns warnings about a host, one sentence each: iptables-legacy and iptables-nft rules are loaded at the same time.
 * The kernel evaluates both, but each `iptables` command shows only its own.
 *
 * @example
 * import { parseRuleset, warningsOf } from "wirebook";
 *
 * const rules = parseRuleset("*filter\n:INPUT DROP [0:0]\nCOMMIT\n");
 * const legacy = { ...rules, variant: "legacy" } as const;
 * const nft = { ...rules, variant: "nft" } as const;
 * console.log(warningsOf({ place: "host1", rulesets: [legacy, nft] }));
 */
export function warningsOf(host: Host): string[] {
  return (["ipv4", "ipv6"] as const).flatMap((family) => {
    const loaded = host.rulesets.filter(
      (ruleset) =>
        ruleset.family === family &&
        [...ruleset.tables.values()].some((table) =>
          [...table.chains.values()].some((chain) => chain.rules.length > 0 || chain.policy === "DROP"),
        ),
    );
    const variants = new Set(loaded.map((ruleset) => ruleset.variant));
    if (!variants.has("legacy") || !variants.has("nft")) return [];
    return [
      `${host.place}: both legacy and nf_tables ${family} rules are loaded. The kernel runs both, each table of one ` +
        `after that of the other, and a packet passes only when both accept it; iptables lists only its own.`,
    ];
  });
}
