import type { Engine, Shell } from "../../engine";

/** The container from which a namespace was entered; see `Toolbox`. */
interface HandleOrigin {
  readonly engine: Engine;
  /** Id of that container. */
  readonly container: string;
  /** A shell in that container's own namespaces. */
  readonly shell: Shell;
}

/** Access to a network namespace from another container, with that container's programs. */
export interface NetnsHandle {
  /** A root shell that stays open. It has the network of the namespace, and the files of the other container. */
  readonly shell: Shell;
  /** Process id of process 1 of the container that owns the namespace, as seen in the other container. */
  readonly pid: number;
  /** The other container. The namespaces of both ends of a veth pair must have been entered from the same one. */
  readonly toolbox: HandleOrigin;
}
