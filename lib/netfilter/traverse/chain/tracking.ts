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

const EXTENSIONS: ReadonlySet<string> = new Set(["connbytes", "connlabel", "helper", "cluster"]);
const TARGETS: ReadonlySet<string> = new Set(["CONNSECMARK", "SYNPROXY", "CLUSTERIP"]);

/** Matches whose checkentry function calls nf_ct_netns_get (net/netfilter/xt_*.c). */
function matchNeedsConntrack(match: Match): boolean {
  switch (match.kind) {
    case "ctState":
    case "ctProtocol":
    case "ctAddress":
    case "ctPort":
    case "ctDirection":
    case "ctStatus":
    case "ctExpire":
    case "connmark":
    case "connlimit":
      return true;
    case "opaque":
      return EXTENSIONS.has(match.extension);
    default:
      return false;
  }
}

/** Targets whose checkentry function calls nf_ct_netns_get. CT with `--notrack` and NOTRACK do not (xt_CT.c). */
function actionNeedsConntrack(action: Action): boolean {
  switch (action.kind) {
    case "dnat":
    case "snat":
    case "masquerade":
    case "redirect":
    case "netmap":
    case "connmarkSet":
    case "connmarkSave":
    case "connmarkRestore":
    case "ct":
      return true;
    case "note":
    case "opaque":
      return TARGETS.has(action.target);
    default:
      return false;
  }
}

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
  if (rulesets.some(tracks)) return { kind: "on" };
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
