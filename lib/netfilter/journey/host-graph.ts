import { findPairs, spaceOf } from "../../inspect/pairs";
import type { Link } from "../../inspect/snapshot";
import type { LinkEnd, World } from "../../inspect/world";
import type { Host } from "../model";
import { canonical } from "../routing/address";
import { hostOf, type KernelState, stateOf } from "../traverse";

/** One namespace of a world. */
export interface WorldHost {
  readonly place: string;
  readonly host: Host;
  readonly links: readonly Link[];
  readonly state: KernelState;
}

/** The namespaces of a world with their parsed rules, and the cables between them. */
export interface HostGraph {
  readonly hosts: ReadonlyMap<string, WorldHost>;
  /** Places that share a namespace (the apps of a pod): maps their name to that of the place in `hosts`. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Maps each end of a cable to the other end, for cables with both ends in this world. */
  readonly cables: ReadonlyMap<string, LinkEnd>;
  /** Groups of links on the same network, whose switches are not part of this world (the lab's network). */
  readonly segments: readonly (readonly LinkEnd[])[];
}

/** Key of an end in {@link HostGraph.cables}. */
export const endKey = ({ place, link }: LinkEnd): string => `${place} ${link}`;

const graphs = new WeakMap<World, HostGraph>();

/**
 * Returns the graph of a world. Parses its rules once for each world object.
 *
 * @throws RulesError `RULES_UNREADABLE` if a rule dump is not valid `iptables-save` output.
 */
export function hostGraphOf(world: World): HostGraph {
  const graph = graphs.get(world) ?? buildGraph(world);
  graphs.set(world, graph);
  return graph;
}

function buildGraph(world: World): HostGraph {
  const snapshots = world.places.flatMap(({ snapshot }) => (snapshot ? [snapshot] : []));
  const hosts = new Map<string, WorldHost>();
  const aliases = new Map<string, string>();
  const bySpace = new Map<string, string>();
  for (const snapshot of snapshots) {
    const { place } = snapshot;
    const space = spaceOf(snapshot);
    const first = space === undefined ? undefined : bySpace.get(space);
    if (first !== undefined) {
      aliases.set(place, first);
      continue;
    }
    if (space !== undefined) bySpace.set(space, place);
    hosts.set(place, { place, host: hostOf(snapshot), links: snapshot.links, state: stateOf(snapshot) });
  }
  const cables = new Map<string, LinkEnd>();
  const nameOf = (place: string, ifindex: number): string | undefined =>
    hosts.get(place)?.links.find((link) => link.ifindex === ifindex)?.name;
  for (const { a, b } of findPairs(snapshots)) {
    const [nameA, nameB] = [nameOf(a.place, a.ifindex), nameOf(b.place, b.ifindex)];
    if (nameA === undefined || nameB === undefined) continue;
    cables.set(endKey({ place: a.place, link: nameA }), { place: b.place, link: nameB });
    cables.set(endKey({ place: b.place, link: nameB }), { place: a.place, link: nameA });
  }
  return { hosts, aliases, cables, segments: world.segments ?? [openWire(hosts, cables)] };
}

/** Returns the links whose other end is not in the world. */
function openWire(hosts: ReadonlyMap<string, WorldHost>, cables: ReadonlyMap<string, LinkEnd>): LinkEnd[] {
  return [...hosts.values()].flatMap(({ place, links }) =>
    links
      .filter(
        ({ name, kind, master }) =>
          name !== "lo" && kind !== "loopback" && kind !== "bridge" && master === undefined,
      )
      .map(({ name }) => ({ place, link: name }))
      .filter((end) => !cables.has(endKey(end))),
  );
}

/**
 * Returns the namespace of a place.
 *
 * @throws RangeError if the world has no such place.
 */
export function hostAt(graph: HostGraph, place: string): WorldHost {
  const host = graph.hosts.get(graph.aliases.get(place) ?? place);
  if (host === undefined)
    throw new RangeError(
      `the world has no namespace named ${place}; it has ${[...graph.hosts.keys()].join(", ")}`,
    );
  return host;
}

/** Returns the link of an end. */
export function linkOf(graph: HostGraph, { place, link }: LinkEnd): Link | undefined {
  return graph.hosts.get(place)?.links.find(({ name }) => name === link);
}

/** Whether the namespace answers ARP requests for this address. Linux does so for all of its addresses (arp_ignore=0). */
export function owns(host: WorldHost, address: string): boolean {
  const wanted = canonical(address);
  return host.links.some(
    ({ name, addresses }) => name !== "lo" && addresses.some((own) => canonical(own.address) === wanted),
  );
}
