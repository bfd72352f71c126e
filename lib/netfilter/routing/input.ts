import type { Host, Packet } from "../model";
import {
  addressWords,
  isLimitedBroadcast,
  isLinkLocal6,
  isLoopback,
  isMulticast,
  isUnspecified,
  isZeronet,
  type Words,
} from "./address";
import { fibOf, routeText } from "./fib";
import { headerOf } from "./flow";
import { type Judge, settled } from "./judge";
import { isLocal } from "./local";
import { type OutRoute, pickRoute } from "./output";
import { validateSource } from "./source";
import { either, forwards, presumedSysctl } from "./sysctl";

/** The result of the routing decision after PREROUTING. */
export type Decision =
  | { readonly kind: "local"; readonly text: string; readonly route?: string }
  | { readonly kind: "forward"; readonly text: string; readonly out: OutRoute }
  | {
      readonly kind: "drop";
      readonly text: string;
      readonly verdict: "drop" | "unreachable";
      readonly route?: string;
    };

const drop = (text: string): Extract<Decision, { kind: "drop" }> => ({ kind: "drop", verdict: "drop", text });

/**
 * Makes the routing decision for a packet that arrived on a device: martian checks, local delivery, reverse-path filter,
 * forwarding (net/ipv4/route.c, ip_route_input_slow; net/ipv6/route.c, ip6_route_input).
 */
export function routeIn(host: Host, packet: Packet, device: string, judge: Judge): Decision {
  const src = addressWords(packet.src);
  const dst = addressWords(packet.dst);
  if (dst === undefined) return { kind: "local", text: "the destination is an unknown address of this host" };
  return packet.family === "ipv6"
    ? routeIn6(host, packet, device, dst, judge)
    : routeIn4(host, packet, device, src, dst, judge);
}

function routeIn4(
  host: Host,
  packet: Packet,
  device: string,
  src: Words | undefined,
  dst: Words,
  judge: Judge,
): Decision {
  if (src !== undefined) {
    if (!isMulticast(dst) && (isMulticast(src) || isLimitedBroadcast(src)))
      return drop(`martian source ${packet.src}: a multicast or broadcast address cannot send`);
    const anyToAll = isUnspecified(src) && isUnspecified(dst);
    if (!isLimitedBroadcast(dst) && !anyToAll && !isMulticast(dst)) {
      if (isZeronet(src)) return drop(`martian source ${packet.src}: 0.0.0.0/8 cannot send`);
      if (isZeronet(dst)) return drop(`martian destination ${packet.dst}`);
      const localnet = (): boolean => settled(either(host, device, "route_localnet"), judge);
      if (isLoopback(dst) && !localnet())
        return drop(`martian destination ${packet.dst} on ${device}: route_localnet is 0`);
      if (!isLoopback(dst) && isLoopback(src) && !localnet())
        return drop(`martian source ${packet.src} on ${device}: route_localnet is 0`);
    }
  }
  if (isLimitedBroadcast(dst) || isMulticast(dst)) {
    // The source of broadcasts and multicasts is validated too (ip_route_input_slow, brd_input; ip_mc_validate_source).
    const martian = src === undefined ? undefined : groupSource(host, packet, src, device, judge);
    if (martian !== undefined) return drop(martian);
    if (isLimitedBroadcast(dst)) return { kind: "local", text: "broadcast, delivered to this host" };
    return multicast(host, packet, dst, judge);
  }
  return lookup4(host, packet, device, src, dst, judge);
}

/** Validates the source of a broadcast or multicast packet. Returns why it is a martian, or undefined. */
function groupSource(
  host: Host,
  packet: Packet,
  src: Words,
  device: string,
  judge: Judge,
): string | undefined {
  if (isMulticast(src) || isLimitedBroadcast(src))
    return `martian source ${packet.src}: a multicast or broadcast address cannot send`;
  const toAll = packet.dst === "255.255.255.255";
  if (!toAll && isLoopback(src) && !settled(either(host, device, "route_localnet"), judge))
    return `martian source ${packet.src} on ${device}: route_localnet is 0`;
  return validateSource(host, { ...packet, dst: "0.0.0.0" }, src, device, undefined, judge);
}

function multicast(host: Host, packet: Packet, dst: Words, judge: Judge): Decision {
  const allHosts = packet.dst === "224.0.0.1" || packet.dst === "ff02::1";
  const joined =
    allHosts ||
    judge.decide({
      kind: "unknown",
      key: `joined ${dst.join(".")}`,
      yes: `${host.place} has joined the group ${packet.dst}`,
      no: `${host.place} has not joined the group ${packet.dst}`,
    });
  if (presumedSysctl(host, `net.${packet.family}.conf.all.mc_forwarding`, judge) !== 0)
    judge.assume(
      `a multicast router runs on ${host.place} (mc_forwarding is 1): it may forward the packet as well`,
    );
  return joined
    ? { kind: "local", text: `multicast group ${packet.dst}, which this host has joined` }
    : drop(`multicast group ${packet.dst}, which this host has not joined`);
}

function lookup4(
  host: Host,
  packet: Packet,
  device: string,
  src: Words | undefined,
  dst: Words,
  judge: Judge,
): Decision {
  const own = isLocal(host, dst);
  const isOwn = settled(own, judge);
  if (host.routes === undefined && !isOwn) return unknownRoute(host, packet, src, device, judge);
  if (host.routes === undefined || (isOwn && typeof own !== "boolean")) {
    const martian =
      src === undefined ? undefined : validateSource(host, packet, src, device, undefined, judge);
    if (martian !== undefined) return drop(martian);
    return { kind: "local", text: `${packet.dst} is an address of this host` };
  }
  const fib = fibOf(host, "ipv4");
  const base = { dst, mark: packet.mark, iif: device, src };
  const found = fib.lookup(fib.asksHeader ? { ...headerOf(packet, judge), ...base } : base, judge);
  if (found.kind === "none")
    return { kind: "drop", verdict: "unreachable", text: `no route to ${packet.dst} (network unreachable)` };
  const route = pickRoute(found, packet.dst, judge);
  const text = routeText(route);
  if (route.type === "local" || route.type === "broadcast") {
    // For a broadcast, the kernel validates the source without a destination (brd_input). Policy rules with `to` do not match.
    const validated = route.type === "local" ? packet : { ...packet, dst: "0.0.0.0" };
    const martian =
      src === undefined ? undefined : validateSource(host, validated, src, device, undefined, judge);
    if (martian !== undefined) return { ...drop(martian), route: text };
    if (route.type === "broadcast" && presumedSysctl(host, "net.ipv4.conf.all.bc_forwarding", judge) !== 0)
      judge.assume("net.ipv4.conf.all.bc_forwarding is 1: the broadcast may be forwarded as well");
    const why = route.type === "local" ? "is an address of this host" : "is a broadcast address of this host";
    return { kind: "local", text: `${packet.dst} ${why}`, route: text };
  }
  if (!forwards(host, packet.family, device, judge))
    return { ...drop(`not for this host, and forwarding is off (ip_forward = 0)`), route: text };
  if (route.type === "unreachable" || route.type === "prohibit" || route.type === "blackhole")
    return { kind: "drop", verdict: route.type === "blackhole" ? "drop" : "unreachable", text, route: text };
  if (route.type !== "unicast") return { ...drop(`martian destination ${packet.dst}`), route: text };
  const martian = src === undefined ? undefined : validateSource(host, packet, src, device, route.dev, judge);
  if (martian !== undefined) return { ...drop(martian), route: text };
  return {
    kind: "forward",
    text,
    out: { dev: route.dev, local: false, route, ...(route.via === undefined ? {} : { via: route.via }) },
  };
}

function unknownRoute(
  host: Host,
  packet: Packet,
  src: Words | undefined,
  device: string,
  judge: Judge,
): Decision {
  if (!forwards(host, packet.family, device, judge)) return drop("not for this host, and forwarding is off");
  const martian =
    src === undefined || packet.family === "ipv6"
      ? undefined
      : validateSource(host, packet, src, device, undefined, judge);
  if (martian !== undefined) return drop(martian);
  judge.assume(`${host.place} has a route to ${packet.dst}`);
  return { kind: "forward", text: "by an unknown route", out: { dev: undefined, local: false } };
}

function routeIn6(host: Host, packet: Packet, device: string, dst: Words, judge: Judge): Decision {
  if (isMulticast(dst)) return multicast(host, packet, dst, judge);
  // For ::1, the kernel only looks at addresses of the incoming device (rt6_need_strict), which does not have it. So a
  // packet with DNAT to ::1 is not delivered locally: it is routed like a packet to another host.
  const strict = isLoopback(dst);
  const own = strict ? false : isLocal(host, dst);
  if (settled(own, judge)) return { kind: "local", text: `${packet.dst} is an address of this host` };
  const src = addressWords(packet.src);
  if (host.routes === undefined) return unknownRoute(host, packet, src, device, judge);
  const found = fibOf(host, "ipv6").lookup(
    {
      ...headerOf(packet, judge),
      dst,
      mark: packet.mark,
      iif: device,
      ...(src === undefined ? {} : { src }),
      ...(strict ? { oif: device } : {}),
    },
    judge,
  );
  // Without a route, ip6_route_input returns the null entry. Its input handler sends an ICMP error, before the forwarding check.
  if (found.kind === "none")
    return {
      kind: "drop",
      verdict: "unreachable",
      text: `no route to ${packet.dst} (no route to destination)`,
    };
  const text = routeText(found.route);
  // The first address of a subnet is the subnet-router anycast address of all its routers (RFC 4291, 2.6.1).
  if (found.route.type === "anycast")
    return { kind: "local", text: `${packet.dst} is an anycast address of this host`, route: text };
  if (found.route.type === "blackhole") return { ...drop(text), route: text };
  if (found.route.type !== "unicast") return { kind: "drop", verdict: "unreachable", text, route: text };
  if (!forwards(host, packet.family, device, judge))
    return { ...drop("not for this host, and forwarding is off"), route: text };
  if (src !== undefined && (isLinkLocal6(src) || isLoopback(src) || isMulticast(src) || isUnspecified(src)))
    return {
      ...drop(`a packet from ${packet.src} cannot be forwarded: the scope of this address is the link`),
      route: text,
    };
  const route = pickRoute(found, packet.dst, judge);
  return {
    kind: "forward",
    text,
    out: { dev: route.dev, local: false, route, ...(route.via === undefined ? {} : { via: route.via }) },
  };
}
