import type { Connection } from "../../conntrack/connection";
import type { Caused, Host, Packet, Step, Verdict } from "../../model";
import type { OutRoute } from "../../routing/output";
import type { HooksOf } from "../chain/base-chain";
import type { Semantics } from "../semantics";
import type { Stage } from "../stage/stage";
import type { Evaluation } from "./evaluation";
import type { GivenState } from "./given-state";
import { type Device, type HookState, withPacket } from "./hook-state";
import type { StepList } from "./step-list";

/** The device and next hop by which a packet left the host. */
export interface Departure {
  readonly dev: Device;
  /** The next hop, or the destination if it is on the link. The frame is sent to its link-layer address. */
  readonly nexthop: string;
}

/** The result of one packet on one branch. */
export interface Disposition {
  readonly verdict: Verdict;
  readonly left?: Departure;
  readonly delivered?: boolean;
}

/** What does not change during a traversal. */
interface TraversalInput {
  readonly host: Host;
  readonly hooks: HooksOf;
  readonly semantics: Semantics;
  /** Uses an index for long chains. */
  readonly indexed: boolean;
}

/** A packet that the host sent because of another one, with the end of its path. */
type CausedPacket = Caused & { readonly left?: Departure };

/** Continues with the packet that caused this one, after the last stage of this one. */
interface Resume {
  /** `reply`: the kernel answers the other packet. `copy`: the host receives a copy of its own broadcast. */
  readonly kind: "reply" | "copy";
  readonly context: PacketContext;
  readonly onward: Stage;
  /** The header of this packet as it was generated. */
  readonly sent: Packet;
  /** What was assumed about the devices of the other packet. */
  readonly devices: Evaluation["devices"];
}

/** One packet between two stages: its current state and the steps so far. Immutable. */
export interface PacketContext {
  readonly input: TraversalInput;
  readonly hookState: HookState;
  /** The current route. If OUTPUT reroutes the packet, the hook state still contains the old device. */
  readonly route: OutRoute | undefined;
  readonly steps: StepList | undefined;
  /** Set for a packet that another one caused. */
  readonly resume: Resume | undefined;
  /** Packets that the host has sent because of the first one. */
  readonly caused: readonly CausedPacket[];
  /** Number of times a packet was sent over lo, to detect loops. */
  readonly rounds: number;
  /** The conntrack state that the caller gave for the first packet, until conntrack uses it. */
  readonly givenState: GivenState | undefined;
}

export function withStep(context: PacketContext, step: Step): PacketContext {
  return { ...context, steps: { step, earlier: context.steps } };
}

export function withHookState(context: PacketContext, part: Partial<HookState>): PacketContext {
  return { ...context, hookState: { ...context.hookState, ...part } };
}

/** Returns the context with another header. */
export function withHeader(context: PacketContext, packet: Packet): PacketContext {
  const hookState = withPacket(context.hookState, packet);
  return hookState === context.hookState ? context : { ...context, hookState };
}

/** Replaces the packet's connection, also in the table if it is confirmed. */
export function withConnection(
  context: PacketContext,
  connection: Connection,
  evaluation: Evaluation,
): PacketContext {
  const { ct } = context.hookState;
  if (ct === undefined) return context;
  if (connection.confirmed && connection.dying !== true)
    evaluation.state = {
      ...evaluation.state,
      conntrack: evaluation.state.conntrack.with(connection),
    };
  const attached = { connection, direction: ct.direction, state: ct.state };
  return { ...context, hookState: { ...context.hookState, ct: attached } };
}

/** Common properties of a step outside of chains. */
export function at(
  { input, hookState }: PacketContext,
  before: Packet = hookState.packet,
): { place: string; before: Packet; after: Packet } {
  return { place: input.host.place, before, after: hookState.packet };
}
