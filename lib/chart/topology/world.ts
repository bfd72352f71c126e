import type { Snapshot } from "../../inspect/snapshot";

/** A container of a place, drawn as a box in the frame of its namespace. */
export interface WorldContainer {
  readonly name: string;
  /** `pause` owns the namespace, `app` joined it. */
  readonly role: "pause" | "app";
  /** Text after the name, for example the image: `nginx :8080`. */
  readonly detail?: string;
  /** Default: true. Stopped containers are drawn dashed. */
  readonly running?: boolean;
}

/**
 * One network namespace, or an engine with several (`engine`). Names are unique in a world. The picture reads links,
 * addresses, bridges, tunnels and counters from `snapshot`.
 */
export interface WorldPlace {
  readonly name: string;
  readonly kind: "host" | "docker-host" | "node" | "pod" | "container" | "netns" | "outside" | "engine";
  /** Name of the parent place: the node of a pod, the engine of a node. Absent: top level. */
  readonly parent?: string;
  /** Absent for an engine, and for a place that could not be inspected (drawn dashed). */
  readonly snapshot?: Snapshot;
  readonly containers?: readonly WorldContainer[];
  /** Text after the kind: `pod CIDR 10.244.1.0/24`. */
  readonly detail?: string;
}

/** A veth pair or another cord. Each end is a place of the world and one of its links. */
export interface WorldPair {
  readonly a: { readonly place: string; readonly ifindex: number };
  readonly b: { readonly place: string; readonly ifindex: number };
}

/** The input of a topology picture. */
export interface World {
  /** Name of the lab, used as the title. */
  readonly name: string;
  /** Text after the title. Default: the number of places of each kind. */
  readonly fact?: string;
  /** The lab's network of hosts, nodes and the outside. Links with an address in `subnet` belong to it. */
  readonly network?: { readonly name: string; readonly subnet: string };
  readonly places: readonly WorldPlace[];
  /**
   * The veth pairs, if known. Default: derived from the snapshots: two links whose `peer.ifindex` point at each other.
   */
  readonly pairs?: readonly WorldPair[];
  /** Sentences below the picture: `service web 10.96.0.10:80 exists only in the nodes' rules`. */
  readonly notes?: readonly string[];
}
