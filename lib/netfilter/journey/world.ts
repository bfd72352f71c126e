import { findPairs, spaceOf } from "../../inspect/pairs";
import type { Link, Snapshot } from "../../inspect/snapshot";
import type { Host } from "../model";
import { canonical } from "../routing/address";
import { hostOf, type KernelState, stateOf } from "../traverse";

/** One end of a cable: a namespace and one of its links. */
export interface End {
  readonly place: string;
  readonly link: string;
}

/** One namespace of a world. */
export interface WorldHost {
  readonly place: string;
  readonly host: Host;
  readonly links: readonly Link[];
  readonly state: KernelState;
}

/** Several namespaces and the cables between them, from {@link worldOf}. Immutable. */
export interface World {
  readonly hosts: ReadonlyMap<string, WorldHost>;
  /** Places that share a namespace (the apps of a pod): maps their name to that of the place in `hosts`. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Maps each end of a cable to the other end, for cables with both ends in this world. */
  readonly cables: ReadonlyMap<string, End>;
  /** Groups of links on the same network, whose switches are not part of this world (the lab's network). */
  readonly segments: readonly (readonly End[])[];
}

/** Key of an end in {@link World.cables}. */
export const endKey = ({ place, link }: End): string => `${place} ${link}`;

/** Something that has snapshots of places, such as what `lab.world()` returns. */
export interface SnapshotSource {
  readonly places: readonly { readonly snapshot?: Snapshot }[];
}

const isList = (from: readonly Snapshot[] | SnapshotSource): from is readonly Snapshot[] =>
  Array.isArray(from);

/** Options of {@link worldOf}. */
export interface WorldOptions {
  /**
   * Groups of links on the same network. Default: all links whose other end is not in the world are on one network.
   */
  readonly segments?: readonly (readonly End[])[];
}

/**
 * Creates a world from snapshots of several namespaces. Connects veth pairs by ifindex and namespace, and bridges with
 * their ports. Other links are connected by their addresses.
 *
 * Shell: `ip -d link` shows the ifindex and the namespace of the other end of a veth pair (`veth1@if4`, `link-netnsid`).
 *
 * @param from - one snapshot for each namespace, or what `lab.world()` returned. A snapshot of a namespace that is already included becomes an alias.
 * @throws RulesError `RULES_UNREADABLE` if a rule dump is not valid `iptables-save` output.
 * @example
 * import { Lab, worldOf } from "wirebook";
 *
 * const lab = await Lab.open("world-of");
 * const places = await Promise.all([lab.netns("one"), lab.netns("two")]);
 * const snapshots = await Promise.all(places.map((place) => place.snapshot()));
 * const world = worldOf(snapshots); // worldOf(await lab.world()) has the outside as well
 * console.log([...world.hosts.keys()]);
 * await lab.close();
 */
export function worldOf(from: readonly Snapshot[] | SnapshotSource, options: WorldOptions = {}): World {
  const snapshots = isList(from) ? from : from.places.flatMap(({ snapshot }) => (snapshot ? [snapshot] : []));
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
  const cables = new Map<string, End>();
  const nameOf = (place: string, ifindex: number): string | undefined =>
    hosts.get(place)?.links.find((link) => link.ifindex === ifindex)?.name;
  for (const { a, b } of findPairs(snapshots)) {
    const [nameA, nameB] = [nameOf(a.place, a.ifindex), nameOf(b.place, b.ifindex)];
    if (nameA === undefined || nameB === undefined) continue;
    cables.set(endKey({ place: a.place, link: nameA }), { place: b.place, link: nameB });
    cables.set(endKey({ place: b.place, link: nameB }), { place: a.place, link: nameA });
  }
  return { hosts, aliases, cables, segments: options.segments ?? [openWire(hosts, cables)] };
}

/** Returns the links whose other end is not in the world. */
function openWire(hosts: ReadonlyMap<string, WorldHost>, cables: ReadonlyMap<string, End>): End[] {
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
export function hostAt(world: World, place: string): WorldHost {
  const host = world.hosts.get(world.aliases.get(place) ?? place);
  if (host === undefined)
    throw new RangeError(
      `the world has no namespace named ${place}; it has ${[...world.hosts.keys()].join(", ")}`,
    );
  return host;
}

/** Returns the link of an end. */
export function linkOf(world: World, { place, link }: End): Link | undefined {
  return world.hosts.get(place)?.links.find(({ name }) => name === link);
}

/** Whether the namespace answers ARP requests for this address. Linux does so for all of its addresses (arp_ignore=0). */
export function owns(host: WorldHost, address: string): boolean {
  const wanted = canonical(address);
  return host.links.some(
    ({ name, addresses }) => name !== "lo" && addresses.some((own) => canonical(own.address) === wanted),
  );
}
