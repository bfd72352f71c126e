import type { Host, Match, Rule, Traversal } from "../netfilter/model";
import type { HostOutcome } from "../netfilter/traverse";
import type { TraceArguments } from "./trace-argument";

/** Matches that ask for what earlier packets left behind, beside connections. */
const COUNTING: Partial<Readonly<Record<Match["kind"], string>>> = {
  limit: "limit",
  hashlimit: "hashlimit",
  statisticNth: "statistic --mode nth",
  recent: "recent",
  connlimit: "connlimit",
};

/**
 * What an answer rests on that was not given: each line says what was taken, and which option tells otherwise. What was
 * not given and decides the path is no assumption: both branches are followed, and the outcome names it.
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
      ? ["the packet opens a new connection: no entry of the connection table is like it (--state not given)"]
      : []),
    ...countersOf(rules),
    ...routingOf(options, host),
    ...headerOf(options, host, rules, traversal),
    ...neighboursOf(traversal),
    "nothing beside the rules given handles the packet: no rules of the other iptables variant or of nft itself, no tc or XDP program, no IPsec policy, no IPVS",
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
    : [`no packet was counted yet by ${[...names].join(", ")}: what they count is in no dump`];
}

function routingOf(options: TraceArguments, { links, routes, policyRules }: Host): string[] {
  const onlyMain = routes?.every(({ table }) => table === "main") === true;
  return [
    ...(policyRules === undefined
      ? ["policy rules: the kernel's own, for the tables local, main and default (--policy-rules not given)"]
      : []),
    ...(onlyMain && links !== undefined && options.snapshot === undefined
      ? ["the local table is as the addresses make it (--routes lists the main table only)"]
      : []),
    ...(links === undefined
      ? [
          "every interface is up, and none is a port of a bridge or bond or belongs to a VRF (--addresses not given)",
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
      ? ["the packet is no longer than the MTU of any link (--length not given)"]
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

/** What was given and is not part of the model, whether or not this packet meets it. */
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

/** The lines below a path in the terminal. */
export function assumptionsText(assumed: readonly string[], unknown: readonly string[]): string {
  const list = (head: string, lines: readonly string[]): string =>
    lines.length === 0 ? "" : `${head}\n${lines.map((line) => `  - ${line}\n`).join("")}`;
  return `${list("assumed:", assumed)}${list("in what was given, but not part of the model:", unknown)}`;
}
