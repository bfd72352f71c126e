import ipaddr from "ipaddr.js";
import { checkPort, LabError } from "../../engine";
import type { Snapshot } from "../../inspect/snapshot";
import type { World } from "../../inspect/world";
import { hostGraphOf } from "../../netfilter/journey";
import type { Packet } from "../../netfilter/model";
import { addressWords } from "../../netfilter/routing/address";
import { FIRST } from "../../netfilter/routing/judge";
import { routeOut, sourceFor } from "../../netfilter/routing/output";
import type { Place } from "../place/place";
import { sourcePort } from "./probe";

/** Destination of a packet: an IP address, or an object that has one, such as a place or a service. */
export type Destination =
  | string
  | { readonly address: string }
  | { readonly clusterIP: string; readonly name?: string };

/** Sender and destination of a packet, and options of the trace. */
interface TraceEnds {
  /** The place that sends the packet. */
  readonly from: Place;
  readonly to: Destination;
  /** Source address of the packet. Default: the address that the sender's routes select. */
  readonly source?: string;
  /**
   * Whether the path includes the engine's machine as a place. If br_netfilter is enabled, frames between two
   * containers of the lab's network also pass its iptables rules, for example those of Docker. Packets to a port that
   * is published on 127.0.0.1 pass through it too. The machine is only read, not traced: its counters before and after
   * sending are compared with the prediction, see {@link PacketPath.counted}. Requires a lab with one engine.
   *
   * Default: false, because the machine's rules are not part of the lab and differ between machines, and because a
   * third namespace makes a picture of two harder to understand.
   */
  readonly host?: boolean;
}

/**
 * The packet to follow: TCP or UDP to a destination port, or an ICMP echo request. Specify exactly one of `tcp`, `udp`
 * and `icmp`.
 *
 * @example
 * import { Lab, type TraceRequest } from "wirebook";
 * const lab = await Lab.open("trace-request-example");
 * const request: TraceRequest = { from: await lab.pod("client"), to: lab.outside, icmp: true };
 * console.log((await lab.predict(request)).outcome?.verdict);
 * await lab.close();
 */
export type TraceRequest = TraceEnds &
  (
    | { readonly tcp: number; readonly udp?: never; readonly icmp?: never }
    | { readonly udp: number; readonly tcp?: never; readonly icmp?: never }
    | { readonly icmp: true; readonly tcp?: never; readonly udp?: never }
  );

/** Returns the name of a service's ClusterIP. No link has this address, so the snapshots do not contain its name. */
export function serviceName(to: Destination): Readonly<Record<string, string>> {
  return typeof to === "object" && "clusterIP" in to && to.name !== undefined
    ? { [to.clusterIP]: `service ${to.name}` }
    : {};
}

export function packetOf(world: World, own: Snapshot, request: TraceRequest): Packet {
  const where = `packet from ${own.place}`;
  const dst = addressOf(request.to, where);
  const { hosts, aliases } = hostGraphOf(world);
  const host = hosts.get(aliases.get(own.place) ?? own.place)?.host;
  const words = addressWords(dst);
  const route = host && words ? routeOut(host, words, { mark: 0 }, FIRST) : undefined;
  const chosen = host && words && route?.kind === "out" ? sourceFor(host, route.out, words) : undefined;
  const family = dst.includes(":") ? "ipv6" : "ipv4";
  const src = request.source ?? chosen ?? (family === "ipv6" ? "::" : "0.0.0.0");
  const common = {
    family,
    src,
    dst,
    ttl: 64,
    tos: 0,
    mark: 0,
    owner: { uid: 0, gid: 0, groups: [0] },
  } as const;
  if (request.udp !== undefined) {
    return {
      ...common,
      protocol: "udp",
      sport: sourcePort(),
      dport: checkPort(request.udp, where),
      length: 29,
    };
  }
  if (request.tcp !== undefined) {
    const ports = { sport: sourcePort(), dport: checkPort(request.tcp, where) };
    return { ...common, protocol: "tcp", ...ports, tcpFlags: ["SYN"], length: 60 };
  }
  const echo = { type: family === "ipv6" ? 128 : 8, code: 0, id: sourcePort() };
  return { ...common, protocol: family === "ipv6" ? "ipv6-icmp" : "icmp", icmp: echo, length: 84 };
}

function addressOf(to: Destination, where: string): string {
  const text = typeof to === "string" ? to : "clusterIP" in to ? to.clusterIP : to.address;
  if (ipaddr.isValid(text) && (text.includes(":") || ipaddr.IPv4.isValidFourPartDecimal(text))) return text;
  throw new LabError("BAD_ADDRESS", {
    where,
    found: `${JSON.stringify(text)} is not an address`,
    advice: "Send it to an address such as 10.244.1.2, to a place that has one, or to a service.",
  });
}
