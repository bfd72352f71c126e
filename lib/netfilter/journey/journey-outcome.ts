import type { Outcome } from "../model";
import type { KernelState, TraverseOptions } from "../traverse";

/** The kernel state of each namespace of a world, by place. */
export type WorldState = ReadonlyMap<string, KernelState>;

/** Options of {@link journey}. */
export interface JourneyOptions
  extends Pick<TraverseOptions, "unknownFields" | "maxOutcomes" | "indexed" | "semantics"> {
  /** Connections and counters from earlier packets. Default: the conntrack entries of the snapshots. */
  readonly state?: WorldState;
  /** The device on which the packet arrives in the first namespace. Default: a local process sends the packet. */
  readonly in?: string;
}

/** An outcome of a journey, with the state for the next packet. */
export interface JourneyOutcome extends Outcome {
  /** The namespace in which the path ends. */
  readonly place: string;
  /** True if the packet reaches the local sockets of that namespace. */
  readonly delivered: boolean;
  readonly state: WorldState;
}
