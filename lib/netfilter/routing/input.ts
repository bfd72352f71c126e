import type { Packet } from "../model";
import type { Doubt } from "../traverse/choices";
import type { Host } from "../traverse/host";
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
import { fibOf } from "./fib";
import { isLocal } from "./local";
import { type OutRoute, routeText } from "./output";
import { eitherOf, forwards, maxOf } from "./sysctl";

/** What the routing decision after PREROUTING can be. */
export type Decision =
  | { readonly kind: "local"; readonly text: string; readonly route?: string }
  | { readonly kind: "forward"; readonly text: string; readonly out: OutRoute }
  | {
      readonly kind: "drop";
      readonly text: string;
      readonly verdict: "drop" | "unreachable";
      readonly route?: string;
    };

/** How questions without an answer are settled: the traversal follows both ways. */
export interface Judge {
  decide(doubt: Doubt): boolean;
  pick(ways: number, what: string): number;
  /** What cannot be followed both ways and is taken as given; the outcome is no longer certain. */
  assume(text: string): void;
}

const drop = (text: string): Extract<Decision, { kind: "drop" }> => ({ kind: "drop", verdict: "drop", text });

/**
 * The routing decision for a packet that came in by a device (net/ipv4/route.c, ip_route_input_slow): martian checks,
 * local delivery, reverse-path filter, forwarding.
 */
export function routeIn(host: Host, packet: Packet, device: string, judge: Judge): Decision {
  const src = addressWords(packet.src);
  const dst = addressWords(packet.dst);
  if (dst === undefined) return { kind: "local", text: "to an address of this host that is not known" };
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
      const localnet = eitherOf(host, device, "route_localnet", 0);
      if (isLoopback(dst) && !localnet)
        return drop(`martian destination ${packet.dst} on ${device}: route_localnet is 0`);
      if (!isLoopback(dst) && isLoopback(src) && !localnet)
        return drop(`martian source ${packet.src} on ${device}: route_localnet is 0`);
    }
  }
  if (isLimitedBroadcast(dst) || isMulticast(dst)) {
    // ip_route_input_slow (brd_input) and ip_mc_validate_source: the source of what is for all is looked at as well.
    const martian = src === undefined ? undefined : groupSource(host, packet, src, device, judge);
    if (martian !== undefined) return drop(martian);
    if (isLimitedBroadcast(dst)) return { kind: "local", text: "broadcast, delivered to this host" };
    return multicast(host, packet, dst, judge);
  }
  return lookup4(host, packet, device, src, dst, judge);
}

function groupSource(
  host: Host,
  packet: Packet,
  src: Words,
  device: string,
  judge: Judge,
): string | undefined {
  if (isMulticast(src) || isLimitedBroadcast(src))
    return `martian source ${packet.src}: a multicast or broadcast address cannot send`;
  if (packet.dst !== "255.255.255.255" && isLoopback(src) && !eitherOf(host, device, "route_localnet", 0))
    return `martian source ${packet.src} on ${device}: route_localnet is 0`;
  return validateSource(host, { ...packet, dst: "0.0.0.0" }, src, device, undefined, judge);
}

function multicast(host: Host, packet: Packet, dst: Words, judge: Judge): Decision {
  const allHosts = packet.dst === "224.0.0.1" || packet.dst === "ff02::1";
  const joined =
    allHosts ||
    judge.decide({
      kind: "doubt",
      key: `joined ${dst.join(".")}`,
      yes: `${host.place} has joined the group ${packet.dst}`,
      no: `${host.place} has not joined the group ${packet.dst}`,
    });
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
  const isOwn = typeof own === "boolean" ? own : judge.decide(own);
  if (host.routes === undefined && !isOwn) return unknownRoute(host, packet, device, judge);
  if (host.routes === undefined || (isOwn && typeof own !== "boolean"))
    return { kind: "local", text: `${packet.dst} is an address of this host` };
  const fib = fibOf(host, "ipv4");
  const flow = { dst, mark: packet.mark, iif: device };
  const found = fib.lookup(src === undefined ? flow : { ...flow, src });
  if (found.kind === "none")
    return { kind: "drop", verdict: "unreachable", text: `no route to ${packet.dst} (network unreachable)` };
  const route =
    found.equal[found.equal.length > 1 ? judge.pick(found.equal.length, `route to ${packet.dst}`) : 0] ??
    found.route;
  const text = routeText(route);
  if (route.type === "local" || route.type === "broadcast") {
    // For a broadcast the source is asked for with no destination (brd_input): a policy rule by it does not match.
    const asked = route.type === "local" ? packet : { ...packet, dst: "0.0.0.0" };
    const martian =
      src === undefined ? undefined : validateSource(host, asked, src, device, undefined, judge);
    if (martian !== undefined) return { ...drop(martian), route: text };
    const why = route.type === "local" ? "is an address of this host" : "is a broadcast address of this host";
    return { kind: "local", text: `${packet.dst} ${why}`, route: text };
  }
  if (!allowsForward(host, packet, device, judge))
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

function allowsForward(host: Host, packet: Packet, device: string, judge: Judge): boolean {
  const family = packet.family;
  return (
    forwards(host, family, device) ??
    judge.decide({
      kind: "doubt",
      key: `forwards ${family}`,
      yes: `${host.place} forwards (ip_forward is 1)`,
      no: `${host.place} does not forward (ip_forward is 0)`,
    })
  );
}

function unknownRoute(host: Host, packet: Packet, device: string, judge: Judge): Decision {
  if (!allowsForward(host, packet, device, judge)) return drop("not for this host, and forwarding is off");
  judge.assume(`${host.place} has a route to ${packet.dst}`);
  return { kind: "forward", text: "by a route that is not known", out: { dev: undefined, local: false } };
}

/**
 * fib_validate_source: why the source is not believed, or undefined. rp_filter is the larger of `all` and the device;
 * even without it a source that is one of the host's own addresses is a martian.
 */
function validateSource(
  host: Host,
  packet: Packet,
  src: Words,
  device: string,
  out: string | undefined,
  judge: Judge,
): string | undefined {
  if (isZeronet(src)) return undefined;
  const filter = maxOf(host, device, "rp_filter");
  const acceptsLocal = eitherOf(host, device, "accept_local", 0);
  const own = isLocal(host, src);
  const isOwn = (): boolean => (typeof own === "boolean" ? own : judge.decide(own));
  const fib = fibOf(host, "ipv4");
  const redirects = eitherOf(host, device, "send_redirects", 1);
  if (filter === 0 && (out !== device || !redirects) && !fib.customRules) {
    return !acceptsLocal && isOwn()
      ? `martian source ${packet.src}: it is this host's own address`
      : undefined;
  }
  const mark = eitherOf(host, device, "src_valid_mark", 0);
  const dst = addressWords(packet.dst);
  const flow = {
    dst: src,
    mark: mark ? packet.mark : 0,
    iif: out ?? "lo",
    ...(dst === undefined ? {} : { src: dst }),
  };
  const back = fib.lookup(flow);
  const failed = `reverse-path filter (rp_filter ${filter})`;
  if (back.kind === "none" || ["unreachable", "prohibit", "blackhole"].includes(back.route.type))
    return filter === 0 ? undefined : `${failed}: no route back to ${packet.src}`;
  if (back.route.type !== "unicast" && !(back.route.type === "local" && acceptsLocal))
    return `martian source ${packet.src}: it is ${back.route.type === "local" ? "this host's own" : `a ${back.route.type}`} address`;
  if (back.equal.some((route) => route.dev === device)) return undefined;
  if (filter === 1)
    return `${failed}: the route back to ${packet.src} leaves by ${back.route.dev}, not by ${device}`;
  return undefined;
}

function routeIn6(host: Host, packet: Packet, device: string, dst: Words, judge: Judge): Decision {
  if (isMulticast(dst)) return multicast(host, packet, dst, judge);
  // ::1 is looked for on the incoming device alone (rt6_need_strict), where it is not: a DNAT to it is routed on.
  const strict = isLoopback(dst);
  const own = strict ? false : isLocal(host, dst);
  if (typeof own === "boolean" ? own : judge.decide(own))
    return { kind: "local", text: `${packet.dst} is an address of this host` };
  if (host.routes === undefined) return unknownRoute(host, packet, device, judge);
  const src = addressWords(packet.src);
  const found = fibOf(host, "ipv6").lookup({
    dst,
    mark: packet.mark,
    iif: device,
    ...(src === undefined ? {} : { src }),
    ...(strict ? { oif: device } : {}),
  });
  // ip6_route_input gives the null entry, whose input handler answers with an error: before the forwarding check.
  if (found.kind === "none")
    return {
      kind: "drop",
      verdict: "unreachable",
      text: `no route to ${packet.dst} (no route to destination)`,
    };
  const text = routeText(found.route);
  // The first address of a subnet is every router's of it: a host that forwards has it as an anycast address.
  if (found.route.type === "anycast")
    return { kind: "local", text: `${packet.dst} is an anycast address of this host`, route: text };
  if (found.route.type === "blackhole") return { ...drop(text), route: text };
  if (found.route.type !== "unicast") return { kind: "drop", verdict: "unreachable", text, route: text };
  if (!allowsForward(host, packet, device, judge))
    return { ...drop("not for this host, and forwarding is off"), route: text };
  if (src !== undefined && (isLinkLocal6(src) || isLoopback(src) || isMulticast(src) || isUnspecified(src)))
    return { ...drop(`${packet.src} cannot be forwarded: its scope ends at the link`), route: text };
  const { route } = found;
  return {
    kind: "forward",
    text,
    out: { dev: route.dev, local: false, route, ...(route.via === undefined ? {} : { via: route.via }) },
  };
}
