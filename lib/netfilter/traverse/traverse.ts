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
import { hooksOf } from "./chain/base-chain";
import { LINUX, type Semantics } from "./semantics";
import type { Entry } from "./stage/entry";
import { type Ended, follow } from "./stage/follow";
import { Evaluation } from "./state/evaluation";
import type { GivenState } from "./state/given-state";
import { hookStateOf } from "./state/hook-state";
import { FRESH, type KernelState } from "./state/kernel-state";
import type { Departure, PacketContext } from "./state/packet-context";
import { stepsOf } from "./state/step-list";

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
  /** The decisions that define the behaviour, to predict with one of them changed. Default: `LINUX`. */
  readonly semantics?: Semantics;
  /** Maximum number of outcomes. The rest is combined in one last outcome, and `truncated` is set. Default: 4096. */
  readonly maxOutcomes?: number;
  /** Uses an index for long chains. Only affects speed. Default: true. */
  readonly indexed?: boolean;
}

/** An outcome on one host, with the connections and counters after this packet, for the traversal of the next one. */
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
  const outcomes: HostOutcome[] = [];
  const { state = FRESH, from, maxOutcomes: limit = MAX_OUTCOMES } = options;
  const evaluation = Evaluation.start(state, new Set(options.unknownFields ?? []));
  assumeLegacy(host, packet, evaluation);
  for (const ended of follow({ kind: "arrive", from }, contextOf(host, packet, options), evaluation)) {
    if (outcomes.length >= limit) return truncated(packet, outcomes, limit, state);
    outcomes.push(outcomeOf(ended));
  }
  return { packet, outcomes };
}

/** Returns the packet before its first stage. */
export function contextOf(host: Host, packet: Packet, options: TraverseOptions): PacketContext {
  const { from, ctState, semantics = LINUX, indexed = true } = options;
  const entered =
    "local" in from
      ? ({ ...hookStateOf(host, "OUTPUT", packet, { in: "", out: "" }), socket: "process" } as const)
      : hookStateOf(host, "PREROUTING", packet, { in: from.in, out: "" });
  return {
    input: { host, hooks: hooksOf(host, packet.family, semantics), semantics, indexed },
    hookState: entered,
    route: undefined,
    resume: undefined,
    steps: undefined,
    caused: [],
    rounds: 0,
    givenState: ctState,
  };
}

/** Records an assumption if the dump of iptables-nft mentions rules of iptables-legacy, which were not given. */
function assumeLegacy(host: Host, packet: Packet, evaluation: Evaluation): void {
  const rulesets = host.rulesets.filter(({ family }) => family === packet.family);
  if (!rulesets.some(({ legacyLoaded }) => legacyLoaded === true)) return;
  if (rulesets.some(({ variant }) => variant === "legacy")) return;
  evaluation.assume(
    `rules of iptables-legacy are loaded on ${host.place} as well (according to the dump), but were not given: they accept the packet`,
  );
}

function outcomeOf({ context, disposition, evaluation }: Ended): HostOutcome {
  const { dependsOn, presumed, drawn } = evaluation;
  return {
    probability: evaluation.probability,
    certain: dependsOn.length === 0,
    dependsOn,
    ...(presumed.length === 0 ? {} : { assumed: presumed }),
    ...(drawn.length === 0 ? {} : { drawn }),
    verdict: disposition.verdict,
    packet: context.hookState.packet,
    steps: stepsOf(context.steps),
    state: evaluation.state,
    delivered: disposition.delivered ?? false,
    ...(disposition.left === undefined ? {} : { left: disposition.left }),
    ...(context.caused.length === 0 ? {} : { caused: context.caused }),
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
