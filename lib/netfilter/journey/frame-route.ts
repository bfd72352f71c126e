import type { LinkEnd } from "../../inspect/world";
import { endKey, type HostGraph, hostAt, linkOf, owns, type WorldHost } from "./host-graph";

/** One segment of a frame's path: a cable, or a bridge from port to port. */
export type Crossing =
  | { readonly kind: "cable"; readonly from: LinkEnd; readonly to: LinkEnd; readonly text: string }
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
  readonly to: LinkEnd;
}

/** Finds the namespace that answers ARP or neighbour requests for an address on a link, and the path to it. */
export function frameRouteTo(graph: HostGraph, from: LinkEnd, address: string): FrameRoute | undefined {
  const host = graph.hosts.get(from.place);
  const link = linkOf(graph, from);
  if (host === undefined || link === undefined) return undefined;
  if (link.kind === "bridge" || portsOf(host, from.link).length > 0)
    return fromBridge(graph, host, from.link, undefined, address, new Set());
  return overCable(graph, from, address, new Set());
}

/** Returns the port of a bridge that leads to an address, or undefined if none does. */
export function portTowards(graph: HostGraph, bridge: LinkEnd, address: string): string | undefined {
  const first = frameRouteTo(graph, bridge, address)?.crossings[0];
  return first?.kind === "cable" ? first.from.link : undefined;
}

function portsOf(host: WorldHost, bridge: string): string[] {
  return host.links.filter(({ master }) => master === bridge).map(({ name }) => name);
}

/** The path from a bridge through the port that leads to the address, as the bridge learns it from the ARP reply. */
function fromBridge(
  graph: HostGraph,
  host: WorldHost,
  bridge: string,
  ingressPort: string | undefined,
  address: string,
  seen: Set<string>,
): FrameRoute | undefined {
  for (const port of portsOf(host, bridge)) {
    if (port === ingressPort) continue;
    const route = overCable(graph, { place: host.place, link: port }, address, seen);
    if (route !== undefined) return route;
  }
  return undefined;
}

function overCable(
  graph: HostGraph,
  from: LinkEnd,
  address: string,
  seen: Set<string>,
): FrameRoute | undefined {
  const key = endKey(from);
  if (seen.has(key)) return undefined;
  seen.add(key);
  const far = graph.cables.get(key);
  if (far === undefined) return onSegment(graph, from, address);
  const cable: Crossing = {
    kind: "cable",
    from,
    to: far,
    text: `veth pair: ${from.link} of ${from.place} to ${far.link} of ${far.place}`,
  };
  const route = arriveAt(graph, far, address, seen);
  return route === undefined ? undefined : { ...route, crossings: [cable, ...route.crossings] };
}

function arriveAt(graph: HostGraph, at: LinkEnd, address: string, seen: Set<string>): FrameRoute | undefined {
  const host = hostAt(graph, at.place);
  if (owns(host, address)) return { crossings: [], to: at };
  const bridge = linkOf(graph, at)?.master;
  if (bridge === undefined) return undefined;
  const route = fromBridge(graph, host, bridge, at.link, address, seen);
  const first = route?.crossings[0];
  if (route === undefined || first?.kind !== "cable") return undefined;
  const through: Crossing = { kind: "bridge", place: at.place, bridge, from: at.link, to: first.from.link };
  return { ...route, crossings: [through, ...route.crossings] };
}

/** A segment whose switches are not part of the world: the frame goes to the link with the address. */
function onSegment(graph: HostGraph, from: LinkEnd, address: string): FrameRoute | undefined {
  for (const segment of graph.segments) {
    if (!segment.some((end) => endKey(end) === endKey(from))) continue;
    for (const end of segment) {
      if (end.place === from.place) continue;
      const has = linkOf(graph, end)?.addresses.some((own) => own.address === address) === true;
      if (!has) continue;
      const text = `the network between ${from.place} and ${end.place}: ${from.link} to ${end.link}`;
      return { crossings: [{ kind: "cable", from, to: end, text }], to: end };
    }
  }
  return undefined;
}
