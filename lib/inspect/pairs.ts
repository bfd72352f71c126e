import type { Link, Snapshot } from "./snapshot";

/** One end of a veth pair: a namespace and its link. */
interface PairEnd {
  readonly place: string;
  readonly ifindex: number;
}

/**
 * A veth pair whose two ends are both in the snapshots.
 *
 * @example
 * import { findPairs, Lab, type Pair } from "wirebook";
 * const lab = await Lab.open("pair-example");
 * const [a, b] = await Promise.all([lab.netns("a"), lab.netns("b")]);
 * await lab.veth({ place: a, name: "eth0" }, { place: b, name: "eth0" });
 * const [pair]: readonly Pair[] = findPairs([await a.snapshot(), await b.snapshot()]);
 * console.log(pair?.a.place, pair?.b.place);
 * await lab.close();
 */
export interface Pair {
  readonly a: PairEnd;
  readonly b: PairEnd;
}

/**
 * Finds the veth pairs among namespaces. Each end contains the ifindex of its peer. Different namespaces use the same
 * ifindexes, so the inode of the peer's namespace decides if one of the ends knows it. Otherwise, two links that point
 * at each other are a pair only if there is no other candidate. Places that share a namespace count once. Both ends of
 * a pair are on one machine.
 *
 * Rule: ip-link(8), `link-netns` and `@ifN`; the kernel's IFLA_LINK and IFLA_LINK_NETNSID.
 *
 * @example
 * import { findPairs, type Link } from "wirebook";
 *
 * const veth = (ifindex: number, peer: number): Link => ({
 *   ifindex, name: "eth0", kind: "veth", mtu: 1500, up: true, operState: "UP", peer: { ifindex: peer, netnsId: 0 },
 *   addresses: [],
 * });
 * const pairs = findPairs([
 *   { place: "a", netns: 1, links: [veth(2, 3)], routes: [] },
 *   { place: "b", netns: 2, links: [veth(3, 2)], routes: [] },
 * ]);
 * console.log(pairs); // [ { a: { place: 'a', ifindex: 2 }, b: { place: 'b', ifindex: 3 } } ]
 */
export function findPairs(snapshots: readonly Snapshot[]): readonly Pair[] {
  const spaces = distinct(snapshots);
  const pairs: Pair[] = [];
  const taken = new Set<Link>();
  const ends = spaces.flatMap((space) =>
    space.links.flatMap((link) => (link.peer ? [{ space, link, peer: link.peer }] : [])),
  );
  const join = (a: { space: Snapshot; link: Link }, b: { space: Snapshot; link: Link }): void => {
    taken.add(a.link).add(b.link);
    pairs.push({
      a: { place: a.space.place, ifindex: a.link.ifindex },
      b: { place: b.space.place, ifindex: b.link.ifindex },
    });
  };
  const facing = (end: (typeof ends)[number]): typeof ends =>
    ends.filter(
      ({ space, link, peer }) =>
        link !== end.link &&
        !taken.has(link) &&
        link.ifindex === end.peer.ifindex &&
        peer.ifindex === end.link.ifindex &&
        agrees(end, space) &&
        agrees({ space, peer }, end.space),
    );
  for (const end of ends) {
    if (taken.has(end.link) || knownSpace(end) === undefined) continue;
    const [other] = facing(end);
    if (other) join(end, other);
  }
  for (const end of ends) {
    if (taken.has(end.link)) continue;
    const candidates = facing(end);
    const [other] = candidates;
    if (other && candidates.length === 1 && facing(other).length === 1) join(end, other);
  }
  return pairs;
}

type Peer = NonNullable<Link["peer"]>;

// Returns the inode of the peer's namespace: the link's own namespace if the kernel reports no other.
function knownSpace({ space, peer }: { space: Snapshot; peer: Peer }): number | undefined {
  return peer.netns ?? (peer.netnsId === undefined ? space.netns : undefined);
}

function agrees(end: { space: Snapshot; peer: Peer }, other: Snapshot): boolean {
  if (end.space.machine !== other.machine) return false;
  if (end.peer.netnsId === undefined && end.peer.netns === undefined) return end.space === other;
  if (end.space === other) return false;
  const known = knownSpace(end);
  return known === undefined || other.netns === undefined || known === other.netns;
}

/** Returns a key that is equal for two places in the same namespace, or undefined if that is unknown. */
export function spaceOf({ netns, machine }: Snapshot): string | undefined {
  return netns === undefined ? undefined : `${machine ?? ""} ${netns}`;
}

function distinct(snapshots: readonly Snapshot[]): readonly Snapshot[] {
  const seen = new Set<string>();
  return snapshots.filter((snapshot) => {
    const space = spaceOf(snapshot);
    if (space === undefined) return true;
    if (seen.has(space)) return false;
    seen.add(space);
    return true;
  });
}
