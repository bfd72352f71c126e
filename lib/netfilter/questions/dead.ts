import type { Match, Rule, Ruleset, TableName } from "../model";
import { condition, conditionsOf, includes, same } from "./implication";
import { ShadowIndex } from "./shadow-index";

/** A rule that no packet can match, or a chain that no packet can reach. */
export interface DeadRule {
  readonly table: TableName;
  readonly chain: string;
  readonly rule: Rule;
  /** The earlier rule that matches every packet this one could match. */
  readonly shadowedBy?: Rule;
  /** One sentence. */
  readonly reason: string;
}

const BASE = new Set(["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]);

/** Actions after which later rules of the chain are not evaluated. After a `jump`, the packet may return. */
const ENDS = new Set([
  "accept",
  "drop",
  "reject",
  "queue",
  "return",
  "goto",
  "dnat",
  "snat",
  "masquerade",
  "redirect",
  "netmap",
  "tproxy",
]);

/**
 * Whether a condition always has the same result for the same packet. The result of counters, rates, sets and random
 * conditions may change.
 */
const IS_REPEATABLE: Readonly<Record<Match["kind"], boolean>> = {
  source: true,
  destination: true,
  inInterface: true,
  outInterface: true,
  protocol: true,
  fragment: true,
  port: true,
  tcpFlags: true,
  icmp: true,
  ctState: true,
  ctProtocol: true,
  ctAddress: true,
  ctPort: true,
  ctDirection: true,
  ctStatus: true,
  ctExpire: true,
  mark: true,
  connmark: true,
  addressType: true,
  addressRange: true,
  mac: true,
  owner: true,
  pktType: true,
  ttl: true,
  length: true,
  tos: true,
  statisticRandom: false,
  statisticNth: false,
  limit: false,
  hashlimit: false,
  connlimit: false,
  recent: false,
  set: false,
  rpfilter: true,
  physdev: true,
  comment: true,
  opaque: false,
};

/**
 * Finds rules that can never match: because an earlier rule matches all of their packets, because their conditions
 * exclude each other, or because no rule calls their chain. Reports only certain cases; a rule that is not listed may
 * still never match.
 *
 * @example
 * import { deadRules, parseRuleset } from "wirebook";
 *
 * const rules = parseRuleset("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\n-A INPUT -p tcp -j ACCEPT\nCOMMIT\n");
 * for (const { rule, reason } of deadRules(rules)) console.log(rule.text, reason);
 */
export function deadRules(ruleset: Ruleset): DeadRule[] {
  const dead: DeadRule[] = [];
  for (const [name, table] of ruleset.tables) {
    const reached = reachable(table.chains);
    for (const chain of table.chains.values()) {
      const at = { table: name, chain: chain.name };
      if (!reached.has(chain.name)) {
        for (const rule of chain.rules)
          dead.push({ ...at, rule, reason: `no rule calls the chain ${chain.name}` });
        continue;
      }
      const earlier = new ShadowIndex();
      for (const rule of chain.rules) {
        const conditions = conditionsOf(rule);
        const clash = contradiction(rule.matches);
        const shadow = clash === undefined ? earlier.firstCovering(conditions) : undefined;
        if (clash !== undefined) dead.push({ ...at, rule, reason: clash });
        else if (shadow !== undefined)
          dead.push({
            ...at,
            rule,
            shadowedBy: shadow,
            reason: `the rule in line ${shadow.line} matches every packet that it could match`,
          });
        else if (ENDS.has(rule.action.kind) && rule.matches.every(({ kind }) => IS_REPEATABLE[kind]))
          earlier.add(rule, conditions);
      }
    }
  }
  return dead;
}

function reachable(
  chains: ReadonlyMap<string, { readonly name: string; readonly rules: readonly Rule[] }>,
): Set<string> {
  const reached = new Set<string>();
  const visit = (name: string): void => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const { action } of chains.get(name)?.rules ?? [])
      if (action.kind === "jump" || action.kind === "goto") visit(action.chain);
  };
  for (const name of chains.keys()) if (BASE.has(name)) visit(name);
  return reached;
}

/** Finds two conditions of a rule that no packet can match together. */
function contradiction(matches: readonly Match[]): string | undefined {
  for (const [at, one] of matches.entries()) {
    for (const other of matches.slice(at + 1)) {
      if (
        one.kind === "comment" ||
        other.kind === "comment" ||
        one.kind === "opaque" ||
        other.kind === "opaque"
      )
        continue;
      if (one.kind !== other.kind || one.inverted === other.inverted) continue;
      const [plain, negated] = one.inverted ? [other, one] : [one, other];
      if (!IS_REPEATABLE[plain.kind]) continue;
      const excluded = condition({ ...negated, inverted: false });
      if (same(condition(plain), excluded) || includes(condition(plain), excluded))
        return `two of its conditions (${plain.kind}) exclude each other`;
    }
  }
  return undefined;
}
