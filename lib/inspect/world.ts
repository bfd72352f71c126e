import type { Snapshot } from "./snapshot";

/** A container of a place. Pictures draw it as a box in the frame of its namespace. */
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
 * One network namespace of a {@link World}, or an engine with several (`engine`). Names are unique in a world.
 *
 * @example
 * import { Lab, type WorldPlace } from "wirebook";
 * const lab = await Lab.open("world-place-example");
 * const { places } = await lab.world();
 * const inspected = (place: WorldPlace): boolean => place.snapshot !== undefined;
 * console.log(places.filter(inspected).map(({ name, kind }) => `${name} (${kind})`));
 * await lab.close();
 */
export interface WorldPlace {
  readonly name: string;
  readonly kind: "host" | "docker-host" | "node" | "pod" | "container" | "netns" | "outside" | "engine";
  /** Name of the parent place: the node of a pod, the engine of a node. Absent: top level. */
  readonly parent?: string;
  /** Links, addresses, routes and rules. Absent for an engine, and for a place that could not be inspected. */
  readonly snapshot?: Snapshot;
  readonly containers?: readonly WorldContainer[];
  /** Text after the kind: `pod CIDR 10.244.1.0/24`. */
  readonly detail?: string;
}

/** One end of a veth pair: a place of the world, and one of its links. */
interface WorldPairEnd {
  readonly place: string;
  readonly ifindex: number;
}

/** A veth pair. */
export interface WorldPair {
  readonly a: WorldPairEnd;
  readonly b: WorldPairEnd;
}

/** A link of a namespace. */
export interface LinkEnd {
  /** Name of the place. */
  readonly place: string;
  /** Name of the link. */
  readonly link: string;
}

/**
 * Several network namespaces at one moment: the input of a topology picture and of a journey. Plain data, from
 * `lab.world()` or {@link worldOf}.
 *
 * @example
 * import { Lab, topologyPicture, type World } from "wirebook";
 * const lab = await Lab.open("world-example");
 * const world: World = await lab.world();
 * console.log(topologyPicture({ ...world, name: "before the change" }).text);
 * await lab.close();
 */
export interface World {
  /** Title of its picture: the name of the lab. */
  readonly name: string;
  /** Text after the title. Default: the number of places of each kind. */
  readonly fact?: string;
  /** The lab's network of hosts, nodes and the outside. Links with an address in `subnet` belong to it. */
  readonly network?: { readonly name: string; readonly subnet: string };
  readonly places: readonly WorldPlace[];
  /**
   * The veth pairs, for pictures. Default: derived from the snapshots: two links whose `peer.ifindex` point at each other.
   */
  readonly pairs?: readonly WorldPair[];
  /**
   * Groups of links on the same network whose switches are not part of the world, for journeys. Default: all links whose
   * other end is not in the world are on one network.
   */
  readonly segments?: readonly (readonly LinkEnd[])[];
  /** Sentences below the picture: `service web 10.96.0.10:80 exists only in the nodes' rules`. */
  readonly notes?: readonly string[];
}

/**
 * Creates a world from snapshots of several namespaces. {@link journey} connects veth pairs by ifindex and namespace,
 * bridges with their ports, and other links by their addresses.
 *
 * Shell: `ip -d link` shows the ifindex and the namespace of the other end of a veth pair (`veth1@if4`, `link-netnsid`).
 *
 * @param snapshots - one for each namespace. A second snapshot of the same namespace is another name for it.
 * @param options.name - title of its picture. Default: `network namespaces`.
 * @param options.segments - see {@link World.segments}.
 * @example
 * import { type Snapshot, worldOf } from "wirebook";
 *
 * const client: Snapshot = { place: "client", links: [], routes: [] };
 * const world = worldOf([client, { ...client, place: "server" }]);
 * console.log(world.places.map(({ name }) => name)); // [ 'client', 'server' ]
 */
export function worldOf(
  snapshots: readonly Snapshot[],
  { name = "network namespaces", ...options }: { readonly name?: string } & Pick<World, "segments"> = {},
): World {
  const places = snapshots.map((snapshot) => ({ name: snapshot.place, kind: "netns", snapshot }) as const);
  return { name, ...options, places };
}
