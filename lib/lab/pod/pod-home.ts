import type { EngineRuntime } from "../runtime/engine-runtime";

/**
 * The part of a node that its pods use.
 *
 * @typeParam Pod - the class of its pods.
 */
export interface PodHome<Pod> {
  readonly name: string;
  /** The engine on which the pods run. */
  readonly runtime: EngineRuntime;
  /** Connects the network namespace of the process `podPid` to the node's bridge with a veth pair. */
  plug(pod: string, podPid: number, address: string): Promise<void>;
  /** Resolves when the node has no link with this name any more. */
  unplugged(veth: string): Promise<void>;
  takeAddress(pod: string, wanted?: string): string;
  releaseAddress(address: string): void;
  /** Starts the readiness probe, which calls `noteProbe` of the pod. */
  probe(pod: Pod): Promise<void>;
  forget(pod: Pod): Promise<void>;
  /** Resolves when the rules of every node match the current state of the pods. */
  changed(cause: string, at?: number): Promise<void>;
}
