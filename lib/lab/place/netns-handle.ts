import type { Engine, Shell } from "../../engine";

/** The container whose programs a namespace was entered with; see `Toolbox`. */
export interface HandleOrigin {
  readonly engine: Engine;
  /** Id of that container. */
  readonly container: string;
  /** A shell in that container's own namespaces. */
  readonly shell: Shell;
}

/** Access to a network namespace with the programs of another container. */
export interface NetnsHandle {
  /** A root shell in the namespace that stays open. Only the network is the namespace's; files are the other container's. */
  readonly shell: Shell;
  /** Process 1 of the container that holds the namespace, as the other container numbers processes. */
  readonly pid: number;
  /** The container it was entered from. Both ends of a veth pair must come from the same one. */
  readonly toolbox: HandleOrigin;
}
