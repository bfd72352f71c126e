import type { RulesetDump, Snapshot } from "../../inspect/snapshot";
import { parseRuleset } from "../iptables";
import type { Host, Ruleset } from "../model";

/** Whether it has what every kernel has, so that what is absent is what this kernel does not have. */
export const isComplete = (sysctls: Readonly<Record<string, string>>): boolean =>
  "net.ipv4.ip_forward" in sysctls && "net.ipv4.conf.all.rp_filter" in sysctls;

const parsedDumps = new WeakMap<RulesetDump, Ruleset>();

function rulesetOf(dump: RulesetDump): Ruleset {
  const known = parsedDumps.get(dump);
  if (known !== undefined) return known;
  // Tolerant: what a live machine has loaded is right, so a rule that cannot be read here is one to treat as unknown.
  const parsed = parseRuleset(dump.text, { family: dump.family, tolerant: true });
  const ruleset: Ruleset = { ...parsed, variant: dump.variant };
  parsedDumps.set(dump, ruleset);
  return ruleset;
}

/**
 * The host that a snapshot describes. Its rule sets are parsed once for each dump.
 *
 * @throws what `parseRuleset` throws when a dump is broken.
 */
export function hostOf(snapshot: Snapshot): Host {
  return {
    place: snapshot.place,
    rulesets: (snapshot.iptables ?? []).map(rulesetOf),
    links: snapshot.links,
    routes: snapshot.routes,
    ...(snapshot.policyRules === undefined ? {} : { policyRules: snapshot.policyRules }),
    ...(snapshot.sysctls === undefined ? {} : { sysctls: snapshot.sysctls }),
    ...(snapshot.sysctls !== undefined && !isComplete(snapshot.sysctls) ? { partialSysctls: true } : {}),
    ...(snapshot.sets === undefined ? {} : { sets: snapshot.sets }),
  };
}

/**
 * What a reader should know before trusting a path of this host: legacy and nf_tables rules loaded at once (both run,
 * and `iptables` shows only one of them).
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
