import { type End, endKey, hostAt, linkOf, owns, type World, type WorldHost } from "./world";

/** One segment of a frame's path: a cable, or a bridge from port to port. */
export type Crossing =
  | { readonly kind: "cable"; readonly from: End; readonly to: End; readonly text: string }
  | {
      readonly kind: "bridge";
      readonly place: string;
      readonly bridge: string;
      readonly from: string;
      readonly to: string;
    };

/** The path of a frame from a device to the namespace that owns an address. */
export interface FrameRoute {
  readonly crossings: readonly Crossing[];
  /** The namespace and link where the frame arrives. */
  readonly to: End;
}

/** Finds the namespace that answers ARP or neighbour requests for an address on a link, and the path to it. */
export function frameRouteTo(world: World, from: End, address: string): FrameRoute | undefined {
  const host = world.hosts.get(from.place);
  const link = linkOf(world, from);
  if (host === undefined || link === undefined) return undefined;
  if (link.kind === "bridge" || portsOf(host, from.link).length > 0)
    return fromBridge(world, host, from.link, undefined, address, new Set());
  return overCable(world, from, address, new Set());
}

/** Returns the port of a bridge that leads to an address, or undefined if none does. */
export function portTowards(world: World, bridge: End, address: string): string | undefined {
  const first = frameRouteTo(world, bridge, address)?.crossings[0];
  return first?.kind === "cable" ? first.from.link : undefined;
}

function portsOf(host: WorldHost, bridge: string): string[] {
  return host.links.filter(({ master }) => master === bridge).map(({ name }) => name);
}

/** The path from a bridge through the port that leads to the address, as the bridge learns it from the ARP reply. */
function fromBridge(
  world: World,
  host: WorldHost,
  bridge: string,
  ingressPort: string | undefined,
  address: string,
  seen: Set<string>,
): FrameRoute | undefined {
  for (const port of portsOf(host, bridge)) {
    if (port === ingressPort) continue;
    const route = overCable(world, { place: host.place, link: port }, address, seen);
    if (route !== undefined) return route;
  }
  return undefined;
}

function overCable(world: World, from: End, address: string, seen: Set<string>): FrameRoute | undefined {
  const key = endKey(from);
  if (seen.has(key)) return undefined;
  seen.add(key);
  const far = world.cables.get(key);
  if (far === undefined) return onSegment(world, from, address);
  const cable: Crossing = {
    kind: "cable",
    from,
    to: far,
    text: `veth pair: ${from.link} of ${from.place} to ${far.link} of ${far.place}`,
  };
  const route = arriveAt(world, far, address, seen);
  return route === undefined ? undefined : { ...route, crossings: [cable, ...route.crossings] };
}

function arriveAt(world: World, at: End, address: string, seen: Set<string>): FrameRoute | undefined {
  const host = hostAt(world, at.place);
  if (owns(host, address)) return { crossings: [], to: at };
  const bridge = linkOf(world, at)?.master;
  if (bridge === undefined) return undefined;
  const route = fromBridge(world, host, bridge, at.link, address, seen);
  const first = route?.crossings[0];
  if (route === undefined || first?.kind !== "cable") return undefined;
  const through: Crossing = { kind: "bridge", place: at.place, bridge, from: at.link, to: first.from.link };
  return { ...route, crossings: [through, ...route.crossings] };
}

/** A segment whose switches are not part of the world: the frame goes to the link with the address. */
function onSegment(world: World, from: End, address: string): FrameRoute | undefined {
  for (const segment of world.segments) {
    if (!segment.some((end) => endKey(end) === endKey(from))) continue;
    for (const end of segment) {
      if (end.place === from.place) continue;
      const has = linkOf(world, end)?.addresses.some((own) => own.address === address) === true;
      if (!has) continue;
      const text = `the network between ${from.place} and ${end.place}: ${from.link} to ${end.link}`;
      return { crossings: [{ kind: "cable", from, to: end, text }], to: end };
    }
  }
  return undefined;
}
