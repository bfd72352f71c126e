import type { Snapshot } from "../../inspect/snapshot";

/** A container of a place: the box inside the frame of the namespace that it lives in. */
export interface WorldContainer {
  readonly name: string;
  /** `pause` holds the namespace, `app` joined it. */
  readonly role: "pause" | "app";
  /** Shown behind the name: the image, `nginx :8080`. */
  readonly detail?: string;
  /** Default: true. A container that stopped is drawn dashed. */
  readonly running?: boolean;
}

/**
 * One network namespace, or the frame around several (`engine`). Names are unique in a world; `snapshot` is read for
 * links, addresses, bridges, tunnels and counters.
 */
export interface WorldPlace {
  readonly name: string;
  readonly kind: "host" | "docker-host" | "node" | "pod" | "container" | "netns" | "outside" | "engine";
  /** Name of the place that this one lives in: the node of a pod, the engine of a node. Absent: at the top. */
  readonly parent?: string;
  /** Absent for an engine, and for a place that could not be asked: then it is drawn dashed. */
  readonly snapshot?: Snapshot;
  readonly containers?: readonly WorldContainer[];
  /** A fact behind the kind: `pod CIDR 10.244.1.0/24`. */
  readonly detail?: string;
}

/** A veth pair by its two ends, or any other cord. Each end is a place of the world and one of its links. */
export interface WorldPair {
  readonly a: { readonly place: string; readonly ifindex: number };
  readonly b: { readonly place: string; readonly ifindex: number };
}

/** Everything a topology picture is drawn from. */
export interface World {
  /** Name of the lab: the title. */
  readonly name: string;
  /** One fact for behind the title. Default: how many of each kind there are. */
  readonly fact?: string;
  /** The network on which hosts, nodes and the outside meet. A link with an address in `subnet` hangs from it. */
  readonly network?: { readonly name: string; readonly subnet: string };
  readonly places: readonly WorldPlace[];
  /**
   * The veth pairs, where the caller knows them. Default: found from the snapshots, by `peer.ifindex` and by which
   * other namespace has a link whose peer points back.
   */
  readonly pairs?: readonly WorldPair[];
  /** Sentences beneath the picture: `service web 10.96.0.10:80 exists only in the nodes' rules`. */
  readonly notes?: readonly string[];
}
