import { findPairs, spaceOf } from "../../inspect/pairs";
import type { Link, Snapshot } from "../../inspect/snapshot";
import type { Host } from "../model";
import { canonical } from "../routing/address";
import { hostOf, type KernelState, stateOf } from "../traverse";

/** One end of a cable: a namespace and a link of it. */
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

/** Several namespaces and how they are wired. Pure data, made once from snapshots. */
export interface World {
  readonly hosts: ReadonlyMap<string, WorldHost>;
  /** Places that share a namespace with one that is listed (the apps of a pod), by that one's name. */
  readonly aliases: ReadonlyMap<string, string>;
  /** The far end of each cable whose two ends are in view. */
  readonly cables: ReadonlyMap<string, End>;
  /** Links that share a wire whose own machinery is not in view (the lab's network): each is told its neighbours. */
  readonly segments: readonly (readonly End[])[];
}

export const endKey = ({ place, link }: End): string => `${place} ${link}`;

export interface WorldOptions {
  /**
   * Links that share a wire. Default: all links with a far end that is not in view count as one wire, on which an
   * address is found where it is configured.
   */
  readonly segments?: readonly (readonly End[])[];
}

/**
 * The world that snapshots of several namespaces make: veth pairs are found by ifindex and namespace, bridges by their
 * ports, everything else by who has which address.
 *
 * @throws what `hostOf` throws when a rule set cannot be read.
 */
export function worldOf(snapshots: readonly Snapshot[], options: WorldOptions = {}): World {
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

/** Links that lead to something that is not in view. */
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

export function hostAt(world: World, place: string): WorldHost {
  const host = world.hosts.get(world.aliases.get(place) ?? place);
  if (host === undefined)
    throw new RangeError(
      `no namespace is called ${place}; the world has ${[...world.hosts.keys()].join(", ")}`,
    );
  return host;
}

export function linkOf(world: World, { place, link }: End): Link | undefined {
  return world.hosts.get(place)?.links.find(({ name }) => name === link);
}

/** Whether the namespace answers for this address when it is asked who has it (any of its own, on any link). */
export function owns(host: WorldHost, address: string): boolean {
  const wanted = canonical(address);
  return host.links.some(
    ({ name, addresses }) => name !== "lo" && addresses.some((own) => canonical(own.address) === wanted),
  );
}
