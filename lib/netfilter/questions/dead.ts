import { protocolNumberOf } from "../conntrack/protocol";
import type { Match, Rule, Ruleset, TableName } from "../model";
import { netOf, within } from "../routing/address";

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
      const earlier: Rule[] = [];
      for (const rule of chain.rules) {
        const clash = contradiction(rule.matches);
        const shadow = clash === undefined ? earlier.find((first) => covers(first, rule)) : undefined;
        if (clash !== undefined) dead.push({ ...at, rule, reason: clash });
        else if (shadow !== undefined)
          dead.push({
            ...at,
            rule,
            shadowedBy: shadow,
            reason: `the rule in line ${shadow.line} matches every packet that it could match`,
          });
        else if (ENDS.has(rule.action.kind) && rule.matches.every(({ kind }) => IS_REPEATABLE[kind]))
          earlier.push(rule);
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

/** Whether `first` matches every packet that `later` matches: each condition of `first` is implied by one of `later`. */
function covers(first: Rule, later: Rule): boolean {
  return first.matches.every(
    (wide) => wide.kind === "comment" || later.matches.some((narrow) => implies(narrow, wide)),
  );
}

const same = (a: Match, b: Match): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Whether every packet that matches `narrow` also matches `wide`. */
export function implies(narrow: Match, wide: Match): boolean {
  if (same(narrow, wide)) return true;
  if (
    narrow.kind === "comment" ||
    wide.kind === "comment" ||
    narrow.kind === "opaque" ||
    wide.kind === "opaque"
  )
    return false;
  // `-m tcp --dport 80` implies that the protocol is TCP.
  if (narrow.kind === "port" && wide.kind === "protocol" && !wide.inverted && narrow.protocol !== undefined)
    return protocolNumberOf(narrow.protocol) === protocolNumberOf(wide.protocol);
  if (narrow.kind === "protocol" && wide.kind === "protocol" && !narrow.inverted && wide.inverted)
    return protocolNumberOf(narrow.protocol) !== protocolNumberOf(wide.protocol);
  if (narrow.kind !== wide.kind) return false;
  if (narrow.inverted !== wide.inverted) return excludes(narrow, wide);
  if (narrow.inverted) return includes({ ...wide, inverted: false }, { ...narrow, inverted: false });
  return includes(narrow, wide);
}

/** For two conditions of the same kind, not negated: whether the values of `wide` include those of `narrow`. */
function includes(narrow: Match, wide: Match): boolean {
  switch (narrow.kind) {
    case "source":
    case "destination": {
      if (wide.kind !== narrow.kind) return false;
      const [inner, outer] = [
        netOf(narrow.prefix.address, narrow.prefix.mask),
        netOf(wide.prefix.address, wide.prefix.mask),
      ];
      if (inner?.length === undefined || outer?.length === undefined) return false;
      return inner.length >= outer.length && within(inner.words, outer);
    }
    case "inInterface":
    case "outInterface":
      return (
        wide.kind === narrow.kind && wide.name.endsWith("+") && narrow.name.startsWith(wide.name.slice(0, -1))
      );
    case "port": {
      if (wide.kind !== "port" || wide.side !== narrow.side) return false;
      if (wide.protocol !== undefined && wide.protocol !== narrow.protocol) return false;
      return narrow.ports.every(({ from, to }) =>
        wide.ports.some((range) => range.from <= from && range.to >= to),
      );
    }
    case "ctState":
      return wide.kind === "ctState" && narrow.states.every((state) => wide.states.includes(state));
    case "addressType":
      return (
        wide.kind === "addressType" &&
        wide.side === narrow.side &&
        wide.limitTo === undefined &&
        narrow.types.every((type) => wide.types.includes(type))
      );
    case "mark":
      return (
        wide.kind === "mark" &&
        (wide.mark.mask & ~narrow.mark.mask) === 0 &&
        ((narrow.mark.value ^ wide.mark.value) & wide.mark.mask) === 0
      );
    case "icmp":
      return (
        wide.kind === "icmp" &&
        wide.family === narrow.family &&
        (wide.type === 255 ||
          (wide.type === narrow.type &&
            wide.codes.from <= narrow.codes.from &&
            wide.codes.to >= narrow.codes.to))
      );
    default:
      return false;
  }
}

/** For `narrow` and a negated `wide` of the same kind: whether every packet that matches `narrow` matches the negation. */
function excludes(narrow: Match, wide: Match): boolean {
  if (narrow.kind === "comment" || narrow.kind === "opaque" || narrow.inverted) return false;
  if ((narrow.kind === "source" || narrow.kind === "destination") && wide.kind === narrow.kind) {
    const [inner, outer] = [
      netOf(narrow.prefix.address, narrow.prefix.mask),
      netOf(wide.prefix.address, wide.prefix.mask),
    ];
    if (inner?.length === undefined || outer?.length === undefined) return false;
    return !within(inner.words, outer) && !within(outer.words, inner);
  }
  if ((narrow.kind === "inInterface" || narrow.kind === "outInterface") && wide.kind === narrow.kind)
    return !narrow.name.endsWith("+") && !wide.name.endsWith("+") && narrow.name !== wide.name;
  if (narrow.kind === "port" && wide.kind === "port")
    return (
      narrow.side === wide.side &&
      narrow.side !== "either" &&
      narrow.ports.every(({ from, to }) => wide.ports.every((range) => to < range.from || from > range.to))
    );
  return false;
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
      if (same({ ...plain, inverted: true }, negated) || includes(plain, { ...negated, inverted: false }))
        return `two of its conditions (${plain.kind}) exclude each other`;
    }
  }
  return undefined;
}
