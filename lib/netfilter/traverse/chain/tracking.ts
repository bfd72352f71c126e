import type { Action, Family, Host, Match, Rule, Ruleset } from "../../model";

/**
 * Whether the kernel tracks the connections of a family in a namespace. `unknown`: no rule that was read needs it, but
 * `because` names rule sets that were not read.
 */
export type Tracking =
  | { readonly kind: "on" | "off" }
  | { readonly kind: "unknown"; readonly because: string };

/** Finds rules that may need conntrack by their text, because matches and targets are parsed only when they are read. */
const MENTIONS =
  /-m (conntrack|state|connmark|connbytes|connlabel|connlimit|helper|cluster)\b|-j (DNAT|SNAT|MASQUERADE|REDIRECT|NETMAP|CONNMARK|CONNSECMARK|SYNPROXY|CLUSTERIP|CT)\b/;

/** Matches whose checkentry function calls nf_ct_netns_get (net/netfilter/xt_*.c). */
const MATCHES: ReadonlySet<Match["kind"]> = new Set([
  "ctState",
  "ctProtocol",
  "ctAddress",
  "ctPort",
  "ctDirection",
  "ctStatus",
  "ctExpire",
  "connmark",
  "connlimit",
]);

/** The same for matches that the model does not evaluate. */
const EXTENSIONS: ReadonlySet<string> = new Set(["connbytes", "connlabel", "helper", "cluster"]);

/** Targets whose checkentry function calls nf_ct_netns_get. CT with `--notrack` and NOTRACK do not (xt_CT.c). */
const ACTIONS: ReadonlySet<Action["kind"]> = new Set([
  "dnat",
  "snat",
  "masquerade",
  "redirect",
  "netmap",
  "connmarkSet",
  "connmarkSave",
  "connmarkRestore",
  "ct",
]);

/** The same for targets without a meaning in the model. */
const TARGETS: ReadonlySet<string> = new Set(["CONNSECMARK", "SYNPROXY", "CLUSTERIP"]);

const matchNeedsConntrack = (match: Match): boolean =>
  match.kind === "opaque" ? EXTENSIONS.has(match.extension) : MATCHES.has(match.kind);

const actionNeedsConntrack = (action: Action): boolean =>
  action.kind === "note" || action.kind === "opaque" ? TARGETS.has(action.target) : ACTIONS.has(action.kind);

const needsConntrack = (rule: Rule): boolean =>
  MENTIONS.test(rule.text) &&
  (actionNeedsConntrack(rule.action) || rule.matches.some((match) => matchNeedsConntrack(match)));

const known = new WeakMap<Ruleset, boolean>();

function tracks(ruleset: Ruleset): boolean {
  const before = known.get(ruleset);
  if (before !== undefined) return before;
  let found = false;
  for (const { chains } of ruleset.tables.values())
    for (const { rules } of chains.values()) found ||= rules.some(needsConntrack);
  known.set(ruleset, found);
  return found;
}

/**
 * Whether the kernel tracks connections: a rule that needs conntrack switches it on for its family in its namespace, even if no packet
 * reaches the rule (nf_conntrack_proto.c, nf_ct_netns_get).
 */
export function trackingOf(host: Host, family: Family): Tracking {
  const rulesets = host.rulesets.filter((ruleset) => ruleset.family === family);
  // Where an unprinted nat table is consulted, both possibilities are followed. Without conntrack, it changes nothing.
  if (rulesets.some((ruleset) => tracks(ruleset) || ruleset.unprinted?.includes("nat") === true))
    return { kind: "on" };
  const legacyUnread =
    rulesets.some(({ legacyLoaded }) => legacyLoaded === true) &&
    rulesets.every(({ variant }) => variant !== "legacy");
  const unread = [
    ...rulesets.flatMap(({ unprinted = [] }) =>
      unprinted.map((table) => `table ${table}, which iptables could not print`),
    ),
    ...(legacyUnread ? ["the rules of iptables-legacy"] : []),
    ...(host.unread ?? []),
  ];
  if (unread.length === 0) return { kind: "off" };
  return { kind: "unknown", because: [...new Set(unread)].join(", ") };
}

const TRANSLATES: ReadonlySet<Action["kind"]> = new Set(["dnat", "snat", "masquerade", "redirect", "netmap"]);
const NAT_TARGETS = /-j (DNAT|SNAT|MASQUERADE|REDIRECT|NETMAP)\b/;

/** Whether a nat table has a rule that translates connections. */
export function translatesConnections({ rulesets }: Host, wanted: Family): boolean {
  return rulesets.some(
    ({ family, tables }) =>
      family === wanted &&
      [...(tables.get("nat")?.chains.values() ?? [])].some(({ rules }) =>
        rules.some(({ text, action }) => NAT_TARGETS.test(text) && TRANSLATES.has(action.kind)),
      ),
  );
}
