import type { Caused, Host, Outcome, Packet, Probability, Traversal, UnknownField } from "../model";
import { BranchExplorer } from "./branch-explorer";
import { bridged, type PortFor, received } from "./bridge";
import { compile } from "./compile";
import { assumeCarries } from "./device";
import type { GivenState } from "./given-state";
import { type Departure, type Disposition, PacketContext, type TraversalState } from "./packet-context";
import { receive } from "./receive";
import { send } from "./send";
import { FRESH, type KernelState } from "./state";

/**
 * Where the packet comes from: a device of the host, or a process on it. A frame that a bridge of the host only hands on
 * goes `bridgedTo` a port, or to the one that a function gives for an address (rules may change where it goes). For one
 * that the host receives by a port of its bridge, `portFor` tells the port behind which a translated address is.
 */
export type Entry =
  | { readonly in: string; readonly bridgedTo?: string | PortFor; readonly portFor?: PortFor }
  | { readonly local: true };

export interface TraverseOptions {
  readonly from: Entry;
  /** What earlier packets left behind. Default: nothing. */
  readonly state?: KernelState;
  /** What conntrack says of the packet. Default: what the state says. */
  readonly ctState?: GivenState;
  /** Parts of the header that are not known: matches on them are followed both ways. Default: none. */
  readonly unknownFields?: readonly UnknownField[];
  /** Ways that are followed at most; the rest is one last outcome, and the path is `truncated`. Default: 4096. */
  readonly maxOutcomes?: number;
  /** Finds rules of long chains by index. Default: true; the plain walk gives the same path. */
  readonly indexed?: boolean;
}

/** An outcome with what the next packet and the next host need to go on. */
export interface HostOutcome extends Outcome {
  readonly state: KernelState;
  /** Where it left the host; absent when it was delivered or stopped. */
  readonly left?: Departure;
  readonly delivered: boolean;
  readonly caused?: readonly (Caused & { readonly left?: Departure })[];
}

const MAX_OUTCOMES = 4096;

/**
 * What the kernel of one network namespace does with one packet: every hook, table, chain and rule on its way, in the
 * kernel's order, with the routing decisions, conntrack and NAT between them.
 *
 * Chance (`statistic`) gives one outcome for each way with its exact probability. What the host or the packet does not
 * tell is followed both ways, and those outcomes are not `certain`.
 *
 * @throws never for what a rule set contains: what is not understood becomes a way of its own.
 */
export function traverse(host: Host, packet: Packet, options: TraverseOptions): Traversal<HostOutcome> {
  const branches = new BranchExplorer();
  const outcomes: HostOutcome[] = [];
  const limit = options.maxOutcomes ?? MAX_OUTCOMES;
  const rulesets = host.rulesets.filter(({ family }) => family === packet.family).map(compile);
  const natRulesets = rulesets.filter(({ ruleset }) => ruleset.tables.has("nat"));
  const unprinted = new Set(rulesets.flatMap(({ ruleset }) => ruleset.unprinted ?? []));
  const unknownFields = new Set(options.unknownFields ?? []);
  do {
    if (outcomes.length >= limit) return cut(packet, outcomes, limit, options.state ?? FRESH);
    branches.begin();
    const traversal: TraversalState = {
      host,
      rulesets,
      natRulesets,
      unprinted,
      evaluation: { state: options.state ?? FRESH, branches, unknownFields, devices: new Map() },
      indexed: options.indexed ?? true,
      caused: [],
      givenState: options.ctState,
      rounds: 0,
    };
    assumeLegacy(traversal);
    const { context, disposition } = start(traversal, packet, options.from);
    outcomes.push(outcomeOf(context, disposition, branches));
  } while (branches.advance());
  return { packet, outcomes };
}

/** A dump of iptables-nft that tells of rules of iptables-legacy, which were not given. */
function assumeLegacy({ host, evaluation, rulesets }: TraversalState): void {
  if (!rulesets.some(({ ruleset }) => ruleset.legacyLoaded === true)) return;
  if (rulesets.some(({ ruleset }) => ruleset.variant === "legacy")) return;
  evaluation.branches.assume(
    `rules of iptables-legacy are loaded on ${host.place} as well, as the dump says, and were not given: they let the packet pass`,
  );
}

function start(
  traversal: TraversalState,
  packet: Packet,
  from: Entry,
): { context: PacketContext; disposition: Disposition } {
  if ("local" in from) return send(traversal, packet);
  const context = new PacketContext(traversal, packet, "PREROUTING", { in: from.in, out: "" });
  assumeCarries(context, from.in);
  if (from.bridgedTo !== undefined)
    return { context, disposition: bridged(context, from.in, from.bridgedTo) };
  const { master, masterKind = "bridge" } = traversal.host.links?.find(({ name }) => name === from.in) ?? {};
  if (master === undefined) return { context, disposition: receive(context, from.in) };
  assumeCarries(context, master);
  if (masterKind !== "bridge") {
    traversal.evaluation.branches.assume(
      `${from.in} belongs to ${master} (${masterKind}), which may treat packets its own way`,
    );
    // The rules see the bond or team that a packet came in by; a VRF shows its member.
    return {
      context,
      disposition: receive(context, ["bond", "team"].includes(masterKind) ? master : from.in),
    };
  }
  const portFor = from.portFor ?? (() => undefined);
  return { context, disposition: received(context, from.in, master, portFor) };
}

function outcomeOf(context: PacketContext, disposition: Disposition, branches: BranchExplorer): HostOutcome {
  const { traversal } = context;
  return {
    probability: branches.probability,
    certain: branches.dependsOn.length === 0,
    dependsOn: branches.dependsOn,
    ...(branches.presumed.length === 0 ? {} : { assumed: branches.presumed }),
    ...(branches.drawn.length === 0 ? {} : { drawn: branches.drawn }),
    verdict: disposition.verdict,
    packet: context.packet,
    steps: context.steps,
    state: traversal.evaluation.state,
    delivered: disposition.delivered ?? false,
    ...(disposition.left === undefined ? {} : { left: disposition.left }),
    ...(traversal.caused.length === 0 ? {} : { caused: traversal.caused }),
  };
}

function cut(
  packet: Packet,
  outcomes: HostOutcome[],
  limit: number,
  state: KernelState,
): Traversal<HostOutcome> {
  const rest: HostOutcome = {
    probability: remaining(outcomes),
    certain: false,
    dependsOn: [`more than ${limit} ways: the others were not followed`],
    verdict: "unknown",
    packet,
    steps: [],
    state,
    delivered: false,
  };
  return { packet, outcomes: [...outcomes, rest], truncated: true };
}

/** What the outcomes so far leave of one; never below zero, for ways that an unknown splits count twice. */
function remaining(outcomes: readonly Outcome[]): Probability {
  let [numerator, denominator] = [1n, 1n];
  for (const { probability } of outcomes) {
    numerator = numerator * probability.denominator - probability.numerator * denominator;
    denominator *= probability.denominator;
    const [a, b] = [numerator < 0n ? 0n : numerator, denominator];
    if (a === 0n) return { numerator: 0n, denominator: 1n };
    let [x, y] = [a, b];
    while (y !== 0n) [x, y] = [y, x % y];
    [numerator, denominator] = [a / x, b / x];
  }
  return { numerator, denominator };
}
