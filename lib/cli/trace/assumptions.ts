import type { Host, Match, Rule, Traversal } from "../../netfilter/model";
import type { HostOutcome } from "../../netfilter/traverse";
import type { TraceArguments } from "./trace-argument";

/** The names of matches that depend on state left by earlier packets, other than conntrack; undefined for the others. */
const COUNTING: Readonly<Record<Match["kind"], string | undefined>> = {
  source: undefined,
  destination: undefined,
  inInterface: undefined,
  outInterface: undefined,
  protocol: undefined,
  fragment: undefined,
  port: undefined,
  tcpFlags: undefined,
  icmp: undefined,
  ctState: undefined,
  ctProtocol: undefined,
  ctAddress: undefined,
  ctPort: undefined,
  ctDirection: undefined,
  ctStatus: undefined,
  ctExpire: undefined,
  mark: undefined,
  connmark: undefined,
  addressType: undefined,
  addressRange: undefined,
  mac: undefined,
  owner: undefined,
  pktType: undefined,
  ttl: undefined,
  length: undefined,
  tos: undefined,
  statisticRandom: undefined,
  statisticNth: "statistic --mode nth",
  limit: "limit",
  hashlimit: "hashlimit",
  connlimit: "connlimit",
  recent: "recent",
  set: undefined,
  rpfilter: undefined,
  physdev: undefined,
  comment: undefined,
  opaque: undefined,
};

/**
 * Lists the assumptions that a trace makes about input that was not given. Each line says what was assumed and which
 * option overrides it. Unknown input that decides the path is not listed: the trace follows both branches, and the
 * outcome names the unknown condition.
 */
export function assumptionsOf(
  options: TraceArguments,
  host: Host,
  traversal: Traversal<HostOutcome>,
  known: { readonly connections: boolean },
): readonly string[] {
  const rules = [...rulesOf(host, traversal)];
  const lines = [
    ...new Set(traversal.outcomes.flatMap(({ assumed = [] }) => assumed)),
    ...(options.state === undefined && !known.connections
      ? ["the packet opens a new connection: conntrack has no entry for it (--state not given)"]
      : []),
    ...countersOf(rules),
    ...routingOf(options, host),
    ...headerOf(options, host, rules, traversal),
    ...neighboursOf(traversal),
    "only the given rules handle the packet: there are no rules of the other iptables variant or of nft itself, no tc or XDP program, no IPsec policy and no IPVS",
  ];
  return lines;
}

function* rulesOf({ rulesets }: Host, { packet }: Traversal): Generator<Rule> {
  for (const { family, tables } of rulesets) {
    if (family !== packet.family) continue;
    for (const { chains } of tables.values()) for (const chain of chains.values()) yield* chain.rules;
  }
}

function countersOf(rules: readonly Rule[]): string[] {
  const names = new Set(rules.flatMap(({ matches }) => matches.flatMap(({ kind }) => COUNTING[kind] ?? [])));
  return names.size === 0
    ? []
    : [`the counters of ${[...names].join(", ")} are at their initial values: a dump does not contain them`];
}

function routingOf(options: TraceArguments, { links, routes, policyRules }: Host): string[] {
  const onlyMain = routes?.every(({ table }) => table === "main") === true;
  return [
    ...(policyRules === undefined
      ? [
          "policy rules: the kernel's defaults, for the tables local, main and default (--policy-rules not given)",
        ]
      : []),
    ...(onlyMain && links !== undefined && options.snapshot === undefined
      ? [
          "the local table contains the routes that the kernel adds for each address (--routes lists the main table only)",
        ]
      : []),
    ...(links === undefined
      ? [
          "all interfaces are up, and none is a port of a bridge or bond or a member of a VRF (--addresses not given)",
        ]
      : []),
  ];
}

function headerOf(
  options: TraceArguments,
  host: Host,
  rules: readonly Rule[],
  traversal: Traversal,
): string[] {
  const usesMarks =
    rules.some(({ matches }) => matches.some(({ kind }) => kind === "mark")) ||
    host.policyRules?.some(({ mark }) => mark !== undefined) === true;
  const forwarded = traversal.outcomes.some(({ steps }) =>
    steps.some((step) => step.kind === "routing" && step.decision === "forward"),
  );
  const bound = options.local && host.policyRules?.some(({ outInterface }) => outInterface !== undefined);
  return [
    ...(usesMarks && options.mark === undefined ? ["the packet's mark is 0 (--mark not given)"] : []),
    ...(forwarded && options.ttl === undefined ? ["the TTL is larger than 1 (--ttl not given)"] : []),
    ...(options.length === undefined
      ? ["the packet fits into the MTU of every link (--length not given)"]
      : []),
    ...(bound ? ["the sending socket is not bound to an interface"] : []),
  ];
}

function neighboursOf({ outcomes }: Traversal<HostOutcome>): string[] {
  const next = outcomes.flatMap(({ left }) =>
    left?.dev === undefined ? [] : [`${left.nexthop} answers on ${left.dev} (ARP, neighbour discovery)`],
  );
  return [...new Set(next)];
}

/** Lists the parts of the input that the model does not support, even if this packet does not reach them. */
export function unknownOf({ links, routes, policyRules }: Host): readonly string[] {
  return [
    ...(policyRules ?? []).flatMap(({ priority, unknown = [] }) =>
      unknown.map((text) => `policy rule ${priority}: ${text}`),
    ),
    ...(routes ?? []).flatMap(({ destination, table, unknown = [], onlyFor = [] }) =>
      [...unknown, ...onlyFor].map((text) => `route ${destination} of table ${table}: ${text}`),
    ),
    ...(links ?? []).flatMap(({ name, unknown = [] }) => unknown.map((text) => `link ${name}: ${text}`)),
  ];
}

/** Formats assumptions and unsupported input as the lines below a path in the terminal. */
export function assumptionsText(assumed: readonly string[], unknown: readonly string[]): string {
  const list = (head: string, lines: readonly string[]): string =>
    lines.length === 0 ? "" : `${head}\n${lines.map((line) => `  - ${line}\n`).join("")}`;
  return `${list("assumed:", assumed)}${list("not supported by the model, and ignored:", unknown)}`;
}
