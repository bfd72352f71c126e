import type { PolicyRule, PortMatch } from "../../inspect/snapshot";
import { protocolNumberOf } from "../conntrack/protocol";
import type { Host } from "../model";
import { type Family, type UnknownCondition, unknownCondition } from "../model";
import { type Net, parseNet, textOf, within } from "./address";
import type { Flow } from "./flow";

/** A policy rule with parsed prefixes. */
export interface CompiledRule {
  readonly rule: PolicyRule;
  readonly from: Net | undefined;
  readonly to: Net | undefined;
}

/** The policy rules of a new network namespace (fib_default_rules_init; fib6_rules_net_init). */
function defaultRules(family: Family): PolicyRule[] {
  const tables: readonly (readonly [number, string])[] =
    family === "ipv4"
      ? [
          [0, "local"],
          [32766, "main"],
          [32767, "default"],
        ]
      : [
          [0, "local"],
          [32766, "main"],
        ];
  return tables.map(([priority, table]) => ({
    family,
    priority,
    inverted: false,
    action: { kind: "lookup", table },
  }));
}

/** Returns the rules of one family sorted by priority. If none are known, returns the kernel's default rules. */
export function compileRules(host: Host, family: Family): readonly CompiledRule[] {
  const own = host.policyRules?.filter((rule) => rule.family === family);
  return (own === undefined || own.length === 0 ? defaultRules(family) : own)
    .slice()
    .sort((a, b) => a.priority - b.priority)
    .map((rule) => ({
      rule,
      from: rule.from === undefined ? undefined : parseNet(rule.from),
      to: rule.to === undefined ? undefined : parseNet(rule.to),
    }));
}

/** `policy rule 100 (dscp AF11)` */
const ruleName = (rule: PolicyRule, what: string): string => `policy rule ${rule.priority} (${what})`;

/**
 * Whether a rule matches a flow, or the condition that is unknown (fib_rules.c, fib_rule_match; fib4_rule_match and
 * fib6_rule_match).
 */
export function ruleMatches(
  { rule, from, to }: CompiledRule,
  flow: Flow,
  host: Host,
): boolean | UnknownCondition {
  const protocol = flow.protocol ?? 0;
  const plain =
    (from === undefined || (flow.src !== undefined && within(flow.src, from))) &&
    (to === undefined || within(flow.dst, to)) &&
    (rule.inInterface === undefined || rule.inInterface === flow.iif) &&
    (rule.outInterface === undefined || rule.outInterface === flow.oif) &&
    (rule.mark === undefined ||
      (flow.mark & rule.mark.mask) >>> 0 === (rule.mark.value & rule.mark.mask) >>> 0) &&
    (rule.protocol === undefined || protocolNumberOf(rule.protocol) === protocol);
  const open: string[] = [];
  const holds =
    plain &&
    [
      tosMatches(rule, flow),
      portMatches(rule.sourcePort, flow, "sport"),
      portMatches(rule.destinationPort, flow, "dport"),
      uidMatches(rule, flow),
      tunnelMatches(rule, flow),
      vrfMatches(rule, flow, host),
      rule.unknown === undefined || rule.unknown.join(", "),
    ].every((answer) => {
      if (typeof answer === "string") open.push(answer);
      return answer !== false;
    });
  if (!holds || open.length === 0) return holds !== rule.inverted;
  // The key identifies this unknown condition. It contains the flow, because a packet may be looked up several times with
  // other devices or addresses, and the rule may hold for one lookup only.
  const flowKey = [flow.iif, flow.oif ?? "", flow.src?.join(".") ?? "", flow.dst.join(".")].join(" ");
  const name = ruleName(rule, open.join(", "));
  const packets = `packets to ${textOf(flow.dst)}`;
  const [yes, no] = [`${name} is for ${packets}`, `${name} is not for ${packets}`];
  return unknownCondition(
    `rule ${rule.family} ${rule.priority} ${open.join(" ")} ${flowKey}`,
    rule.inverted ? no : yes,
    rule.inverted ? yes : no,
  );
}

/** Whether one selector matches, or the text of a selector whose result is unknown. */
type SelectorResult = boolean | string;

function tosMatches({ tos, family }: PolicyRule, flow: Flow): SelectorResult {
  // `tos 0` means any TOS.
  if (tos === undefined || tos === 0) return true;
  if (flow.unknownFields?.includes("tos") === true) return `tos 0x${tos.toString(16)}`;
  // IPv4 compares only the three bits of the old TOS field (fib_dscp_masked_match), IPv6 the whole DSCP.
  const mask = family === "ipv4" ? 0x1c : 0xfc;
  return ((flow.tos ?? 0) & mask) === (tos & (family === "ipv4" ? 0xff : 0xfc));
}

function portMatches(match: PortMatch | undefined, flow: Flow, side: "sport" | "dport"): SelectorResult {
  if (match === undefined) return true;
  if (flow.unknownFields?.includes(side) === true) return `${side} ${portText(match)}`;
  const port = flow[side] ?? 0;
  if (match.kind === "range") return port >= match.from && port <= match.to;
  return (port & match.mask) === (match.value & match.mask);
}

function portText(match: PortMatch): string {
  if (match.kind === "range") return `${match.from}-${match.to}`;
  return match.mask === 0xffff ? `${match.value}` : `${match.value}/0x${match.mask.toString(16)}`;
}

function uidMatches({ uid }: PolicyRule, flow: Flow): SelectorResult {
  if (uid === undefined) return true;
  if (flow.unknownFields?.includes("uid") === true) return `uidrange ${uid.from}-${uid.to}`;
  const { uid: sender = 0 } = flow;
  return sender >= uid.from && sender <= uid.to;
}

/** Only packets from a tunnel have an id. The model does not know whether a packet came from a tunnel. */
function tunnelMatches({ tunnelId }: PolicyRule, flow: Flow): SelectorResult {
  if (tunnelId === undefined) return true;
  return flow.iif === "lo" ? false : `tun_id ${tunnelId}`;
}

/** Whether a device of the flow is a VRF or belongs to one (l3mdev_fib_rule_match). */
function vrfMatches({ l3mdev }: PolicyRule, flow: Flow, host: Host): SelectorResult {
  if (l3mdev !== true) return true;
  const devices = [flow.iif, flow.oif].filter((name) => name !== undefined && name !== "lo");
  if (devices.length === 0) return false;
  if (host.links === undefined) return "l3mdev";
  const inVrf = host.links.some(
    ({ name, kind, masterKind }) => devices.includes(name) && (kind === "vrf" || masterKind === "vrf"),
  );
  return inVrf ? "l3mdev" : false;
}

/** Whether the rule suppresses a route that was found, so that the lookup continues with the next rule (fib4_rule_suppress). */
export function suppresses(
  rule: PolicyRule,
  found: { readonly dev: string | undefined; readonly length: number },
  host: Host,
): boolean | UnknownCondition {
  if (rule.suppressLength !== undefined && found.length <= rule.suppressLength) return true;
  if (rule.suppressGroup === undefined || found.dev === undefined) return false;
  if (host.links === undefined)
    return unknownCondition(
      `group ${rule.suppressGroup} ${found.dev}`,
      `${found.dev} belongs to group ${rule.suppressGroup} (suppress_ifgroup of policy rule ${rule.priority})`,
      `${found.dev} does not belong to group ${rule.suppressGroup} (suppress_ifgroup of policy rule ${rule.priority})`,
    );
  const group = host.links.find(({ name }) => name === found.dev)?.group ?? "default";
  return group === rule.suppressGroup;
}
