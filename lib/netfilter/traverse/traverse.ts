import {
  type Caused,
  type Host,
  type Outcome,
  type Packet,
  type Probability,
  reduced,
  type Traversal,
  type UnknownField,
} from "../model";
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
 * Where a packet enters the host: by a device, or from a local process.
 *
 * `bridgedTo`: the port to which a bridge of this host forwards the frame, or a function that returns the port for an
 * address, because rules may change the destination. `portFor`: for a frame that is addressed to the bridge itself, returns
 * the port for a translated address.
 *
 * @example
 * import type { Entry } from "wirebook";
 *
 * // For traverse(host, packet, { from }).
 * const received: Entry = { in: "eth0" };
 * const sent: Entry = { local: true };
 */
export type Entry =
  | { readonly in: string; readonly bridgedTo?: string | PortFor; readonly portFor?: PortFor }
  | { readonly local: true };

/**
 * Where a packet comes from, and what is known before it is sent.
 *
 * @example
 * import { parseRuleset, type TraverseOptions, traverse } from "wirebook";
 *
 * const packet = {
 *   family: "ipv4", src: "192.0.2.1", dst: "127.0.0.1", protocol: "udp", sport: 5000, dport: 53,
 *   ttl: 64, tos: 0, length: 60, mark: 0,
 * } as const;
 * const host = { place: "host1", rulesets: [parseRuleset("*filter\n:INPUT DROP [0:0]\nCOMMIT\n")] };
 * const options: TraverseOptions = { from: { in: "eth0" }, ctState: "ESTABLISHED" };
 * console.log(traverse(host, packet, options).outcomes[0]?.verdict);
 */
export interface TraverseOptions {
  /** Where the packet enters the host. */
  readonly from: Entry;
  /** Connections and counters from earlier packets. Default: none. */
  readonly state?: KernelState;
  /** The conntrack state of the packet. Default: looked up in `state`. */
  readonly ctState?: GivenState;
  /** Header fields whose value is unknown. Both results of a match on them are followed. Default: none. */
  readonly unknownFields?: readonly UnknownField[];
  /** Maximum number of outcomes. The rest is combined in one last outcome, and `truncated` is set. Default: 4096. */
  readonly maxOutcomes?: number;
  /** Uses an index for long chains. Only affects speed. Default: true. */
  readonly indexed?: boolean;
}

/** An outcome on one host, with the state for the next packet. */
export interface HostOutcome extends Outcome {
  readonly state: KernelState;
  /** Device and next hop by which the packet left the host. Absent if it was delivered or dropped. */
  readonly left?: Departure;
  readonly delivered: boolean;
  readonly caused?: readonly (Caused & { readonly left?: Departure })[];
}

const MAX_OUTCOMES = 4096;

/**
 * Computes what the kernel does with one packet in one network namespace: hooks, tables, chains and rules in the kernel's
 * order, with conntrack, NAT and routing decisions. Sends nothing.
 *
 * A random condition (`-m statistic --mode random`) creates one outcome for each result, with its exact probability. If
 * the path depends on facts that are unknown, all possible paths are outcomes, and they are not `certain`.
 *
 * Follows the packet flow of Linux (net/ipv4/ip_input.c, ip_forward.c, ip_output.c and their IPv6 counterparts;
 * include/uapi/linux/netfilter_ipv4.h). Does not throw for rules that it does not support: their result is unknown.
 *
 * @param host - the namespace: rules, links, routes, sysctls.
 * @param packet - the packet as it enters the host.
 * @param options.from - the incoming device, or a local process.
 * @param options.state - connections and counters from earlier packets. Default: none.
 * @example
 * import { parseRuleset, traverse } from "wirebook";
 *
 * const host = { place: "host1", rulesets: [parseRuleset("*filter\n:INPUT DROP [0:0]\nCOMMIT\n")] };
 * const packet = {
 *   family: "ipv4", src: "192.0.2.1", dst: "127.0.0.1", protocol: "udp", sport: 5000, dport: 53,
 *   ttl: 64, tos: 0, length: 60, mark: 0,
 * } as const;
 * const { outcomes } = traverse(host, packet, { from: { in: "eth0" } });
 * console.log(outcomes.map(({ verdict }) => verdict));
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
    if (outcomes.length >= limit) return truncated(packet, outcomes, limit, options.state ?? FRESH);
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

/** Records an assumption if the dump of iptables-nft mentions rules of iptables-legacy, which were not given. */
function assumeLegacy({ host, evaluation, rulesets }: TraversalState): void {
  if (!rulesets.some(({ ruleset }) => ruleset.legacyLoaded === true)) return;
  if (rulesets.some(({ ruleset }) => ruleset.variant === "legacy")) return;
  evaluation.branches.assume(
    `rules of iptables-legacy are loaded on ${host.place} as well (according to the dump), but were not given: they accept the packet`,
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
      `${from.in} belongs to ${master} (${masterKind}), whose handling of packets is not part of the model`,
    );
    // For a bond or team, the rules see the master as incoming device. For a VRF, they see the member.
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

function truncated(
  packet: Packet,
  outcomes: HostOutcome[],
  limit: number,
  state: KernelState,
): Traversal<HostOutcome> {
  const rest: HostOutcome = {
    probability: remaining(outcomes),
    certain: false,
    dependsOn: [`more than ${limit} possible paths: the others were not followed`],
    verdict: "unknown",
    packet,
    steps: [],
    state,
    delivered: false,
  };
  return { packet, outcomes: [...outcomes, rest], truncated: true };
}

/** One minus the probabilities of the outcomes, at least 0: outcomes that differ in an unknown fact count several times. */
function remaining(outcomes: readonly Outcome[]): Probability {
  let rest: Probability = { numerator: 1n, denominator: 1n };
  for (const { probability } of outcomes) {
    const { numerator, denominator } = probability;
    const left = rest.numerator * denominator - numerator * rest.denominator;
    rest = reduced(left < 0n ? 0n : left, rest.denominator * denominator);
  }
  return rest;
}
