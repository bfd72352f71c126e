import ipaddr from "ipaddr.js";
import type { Link } from "../../inspect/snapshot";
import type { World, WorldPair, WorldPlace } from "../../inspect/world";

/** A link of a place and its peer. */
export interface Port {
  readonly place: string;
  readonly link: Link;
  readonly peer?: { readonly place: string; readonly link: Link };
  /** Whether it is connected to the lab's network. */
  readonly uplink: boolean;
}

export interface Vertex {
  readonly place: WorldPlace;
  readonly ports: readonly Port[];
  readonly bridges: readonly Port[];
  readonly children: readonly Vertex[];
}

export interface Graph {
  readonly roots: readonly Vertex[];
  readonly vertices: ReadonlyMap<string, Vertex>;
  readonly pairs: readonly { readonly a: Port; readonly b: Port }[];
}

/** Builds the graph of a world: which place contains which, which links are veth peers, which are in the lab's network. */
export function graphOf(world: World): Graph {
  const pairs = world.pairs ?? guessPairs(world.places);
  const other = new Map<string, { place: string; ifindex: number }>();
  for (const { a, b } of pairs) {
    other.set(key(a), b);
    other.set(key(b), a);
  }
  const linkAt = (place: string, ifindex: number) =>
    world.places.find((one) => one.name === place)?.snapshot?.links.find((link) => link.ifindex === ifindex);
  const portsOf = (place: WorldPlace): readonly Port[] =>
    (place.snapshot?.links ?? [])
      .filter((link) => link.kind !== "loopback" && link.name !== "lo")
      .map((link) => {
        const end = other.get(key({ place: place.name, ifindex: link.ifindex }));
        const far = end === undefined ? undefined : linkAt(end.place, end.ifindex);
        const uplink = inSubnet(link, world.network?.subnet);
        return {
          place: place.name,
          link,
          uplink,
          ...(end !== undefined && far !== undefined ? { peer: { place: end.place, link: far } } : {}),
        };
      });
  const names = new Set(world.places.map((place) => place.name));
  const vertices = new Map<string, Vertex>();
  const build = (place: WorldPlace, above: readonly string[]): Vertex => {
    const ports = portsOf(place);
    const vertex: Vertex = {
      place,
      ports: ports.filter((port) => port.link.kind !== "bridge"),
      bridges: ports.filter((port) => port.link.kind === "bridge"),
      children: world.places
        .filter(
          (child) => child.parent === place.name && !above.includes(child.name) && child.name !== place.name,
        )
        .map((child) => build(child, [...above, place.name])),
    };
    vertices.set(place.name, vertex);
    return vertex;
  };
  const roots = world.places
    .filter((place) => place.parent === undefined || !names.has(place.parent))
    .map((place) => build(place, []));
  const ports = new Map<string, Port>();
  for (const vertex of vertices.values()) {
    for (const port of [...vertex.ports, ...vertex.bridges]) {
      ports.set(key({ place: port.place, ifindex: port.link.ifindex }), port);
    }
  }
  return {
    roots,
    vertices,
    pairs: pairs.flatMap((pair) => {
      const a = ports.get(key(pair.a));
      const b = ports.get(key(pair.b));
      return a === undefined || b === undefined ? [] : [{ a, b }];
    }),
  };
}

const key = (end: { readonly place: string; readonly ifindex: number }) => `${end.place} ${end.ifindex}`;

function inSubnet(link: Link, subnet: string | undefined): boolean {
  if (subnet === undefined) return false;
  const [network, prefix] = ipaddr.parseCIDR(subnet);
  return link.addresses.some((one) => {
    const address = ipaddr.parse(one.address);
    return address.kind() === network.kind() && address.match(network, prefix);
  });
}

/**
 * Guesses which links are the two ends of a veth pair, for a {@link World} without `pairs`. A link contains the ifindex of
 * its peer and whether the peer is in another netns, but not in which one. So two links whose peer ifindexes name each other
 * are taken as a pair. If a link has several candidates (ifindexes are often the same in each node), the first choice is a
 * link that is not in a pair yet and whose place is inside this link's place, for example a pod of the node; then one whose
 * place has the same parent. The `findPairs` of lib/inspect only returns pairs that are certain.
 */
export function guessPairs(places: readonly WorldPlace[]): readonly WorldPair[] {
  interface End {
    readonly place: WorldPlace;
    readonly link: Link;
    readonly far: { readonly ifindex: number; readonly netnsId?: number };
  }
  const ends: End[] = places.flatMap((place) =>
    (place.snapshot?.links ?? []).flatMap((link) =>
      link.peer === undefined ? [] : [{ place, link, far: link.peer }],
    ),
  );
  const taken = new Set<End>();
  const pairs: WorldPair[] = [];
  const pointsBack = (one: End, other: End) =>
    one !== other &&
    one.far.ifindex === other.link.ifindex &&
    other.far.ifindex === one.link.ifindex &&
    (one.far.netnsId === undefined) === (other.far.netnsId === undefined) &&
    (one.far.netnsId === undefined ? one.place === other.place : one.place !== other.place);
  const nearness = (one: End, other: End) => {
    if (one.place === other.place) return 0;
    if (one.place.parent === other.place.name || other.place.parent === one.place.name) return 1;
    return one.place.parent === other.place.parent ? 2 : 3;
  };
  const candidates = ends
    .flatMap((one, i) =>
      ends.slice(i + 1).flatMap((other) => (pointsBack(one, other) ? [{ one, other }] : [])),
    )
    .map((pair, order) => ({ ...pair, order, near: nearness(pair.one, pair.other) }))
    .sort((x, y) => x.near - y.near || x.order - y.order);
  for (const { one, other } of candidates) {
    if (taken.has(one) || taken.has(other)) continue;
    taken.add(one);
    taken.add(other);
    pairs.push({
      a: { place: one.place.name, ifindex: one.link.ifindex },
      b: { place: other.place.name, ifindex: other.link.ifindex },
    });
  }
  return pairs;
}
