import type { Link, Route } from "../../inspect/snapshot";
import type { Family, Host } from "../model";
import {
  addressWords,
  familyOf,
  isLinkLocal6,
  isLoopback,
  isMulticast,
  maskOf,
  sameWords,
  textOf,
  type Words,
  within,
} from "./address";
import { type Found, fibOf, routeText } from "./fib";
import type { Flow } from "./flow";
import { type Judge, settled } from "./judge";
import { either } from "./sysctl";

/** Outgoing device and next hop of a packet. Undefined parts are unknown. */
export interface OutRoute {
  readonly route?: Route;
  readonly dev: string | undefined;
  readonly via?: string;
  /** The destination is the host itself: the packet is sent over `lo` and received again. */
  readonly local: boolean;
}

/** The result of an output route lookup; `error` if the kernel returns an error to the sender. */
export type Routed =
  | { readonly kind: "out"; readonly out: OutRoute }
  | { readonly kind: "error"; readonly text: string };

const error = (text: string): Routed => ({ kind: "error", text });

/** The errno of each route type that refuses packets (fib_props in fib_semantics.c). */
const REFUSALS: Readonly<Partial<Record<Route["type"], string>>> = {
  unreachable: "unreachable route (EHOSTUNREACH)",
  prohibit: "prohibited route (EACCES)",
  blackhole: "blackhole route (EINVAL)",
};

/**
 * Looks up the route of a packet that this host sends (ip_route_output_key). If the routes are unknown, the device is
 * unknown too, except for local addresses.
 *
 * @param flow.header - fields that policy rules may compare, besides addresses and mark.
 */
export function routeOut(
  host: Host,
  dst: Words,
  flow: Pick<Flow, "mark"> & {
    readonly src?: Words | undefined;
    readonly header?: Omit<Flow, "dst" | "src" | "mark" | "iif">;
  },
  judge: Judge,
): Routed {
  const family = familyOf(dst);
  if (host.routes === undefined) {
    const found = fibOf(host, family).lookupIn("local", dst);
    if (found.kind === "route" && found.route.type === "local")
      return { kind: "out", out: { dev: "lo", local: true, route: found.route } };
    if (isLoopback(dst)) return { kind: "out", out: { dev: "lo", local: true } };
    return { kind: "out", out: { dev: undefined, local: false } };
  }
  const { src } = flow;
  const found = fibOf(host, family).lookup(
    { ...flow.header, dst, mark: flow.mark, iif: "lo", ...(src === undefined ? {} : { src }) },
    judge,
  );
  if (found.kind === "none") {
    // The list of routes may lack the local table. Loopback addresses are local in any case.
    if (isLoopback(dst)) return { kind: "out", out: { dev: "lo", local: true } };
    return error("no route (ENETUNREACH)");
  }
  const refusal = REFUSALS[found.route.type];
  if (refusal !== undefined) return error(`${refusal}: ${routeText(found.route)}`);
  const route = pickRoute(found, textOf(dst), judge);
  if (route.type === "local" || route.type === "anycast")
    return { kind: "out", out: { dev: "lo", local: true, route } };
  // A packet with a loopback source may leave by another device only if route_localnet is set (__mkroute_output).
  const leaves = route.dev !== undefined && route.dev !== "lo";
  if (family === "ipv4" && leaves && src !== undefined && isLoopback(src)) {
    if (!settled(either(host, route.dev ?? "", "route_localnet"), judge))
      return error(`source is a loopback address and route_localnet of ${route.dev} is 0 (EINVAL)`);
  }
  return {
    kind: "out",
    out: { dev: route.dev, local: false, route, ...(route.via === undefined ? {} : { via: route.via }) },
  };
}

/** Chooses one of the routes of equal cost. The kernel chooses by a hash of the flow, in proportion to the weights (fib_select_multipath). */
export function pickRoute(
  found: Extract<Found, { kind: "route" }>,
  destination: string,
  judge: Judge,
): Route {
  const { equal, route } = found;
  if (equal.length < 2) return route;
  const weights = equal.map(({ weight = 1 }) => BigInt(weight));
  const taken = judge.pick(weights, `which of ${equal.length} equal routes to ${destination} is taken`);
  return equal[taken] ?? route;
}

const SCOPES: Readonly<Record<string, number>> = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 };
const scopeOf = (scope: string): number => SCOPES[scope] ?? (Number(scope) || 0);

/**
 * Selects a source address of a device (inetdevice.c, inet_select_addr): the primary address in the subnet of the next
 * hop, otherwise the first primary address of the scope, otherwise the first one of another device.
 */
export function selectAddress(
  host: Host,
  device: string,
  nexthop: Words | undefined,
  scope = 0,
): string | undefined {
  const links = host.links ?? [];
  const own = links.find((link) => link.name === device);
  return (
    (own === undefined ? undefined : primaryOf(own, nexthop, scope)) ??
    links.map((link) => primaryOf(link, undefined, scope, true)).find((address) => address !== undefined)
  );
}

function primaryOf(
  link: Link,
  nexthop: Words | undefined,
  scope: number,
  notLink = false,
): string | undefined {
  let first: string | undefined;
  for (const address of link.addresses) {
    if (address.family !== "ipv4" || address.secondary) continue;
    const own = Math.min(scopeOf(address.scope), SCOPES["host"] ?? 254);
    if (own > scope || (notLink && own === SCOPES["link"])) continue;
    const words = addressWords(address.peer ?? address.address);
    if (words === undefined) continue;
    const net = { words, mask: maskOf(address.prefixLength, 1) };
    if (nexthop === undefined || within(nexthop, net)) return address.address;
    first ??= address.address;
  }
  return first;
}

/**
 * Selects the IPv6 source address for a destination (RFC 6724, section 5). Implements the rules that depend on addresses
 * only: same address, scope, outgoing device, longest matching prefix. Of equal candidates, uses the first one listed,
 * which is the newest.
 */
export function selectAddress6(host: Host, device: string, dst: Words): string | undefined {
  const wantsLink = isLinkLocal6(dst) || isMulticast(dst);
  const all = (host.links ?? []).flatMap((link) =>
    link.addresses
      .filter((address) => address.family === "ipv6")
      .map((address) => ({
        address: address.address,
        dev: link.name,
        prefixLength: address.prefixLength,
        words: addressWords(address.address) ?? [],
      })),
  );
  const candidates = all.filter(({ words, dev }) => {
    if (sameWords(words, dst)) return true;
    return !isLoopback(words) && isLinkLocal6(words) === wantsLink && (!wantsLink || dev === device);
  });
  // The common prefix is limited to the prefix length of the source address (addrconf.c, IPV6_SADDR_RULE_PREFIX).
  const common = (words: Words, prefixLength: number): number => {
    let bits = 0;
    for (let at = 0; at < 4; at++) {
      const same = Math.clz32((words[at] ?? 0) ^ (dst[at] ?? 0));
      bits += same;
      if (same < 32) break;
    }
    return Math.min(bits, prefixLength);
  };
  const itself = (words: Words): number => (sameWords(words, dst) ? 10_000 : 0);
  return candidates
    .map((candidate) => ({
      ...candidate,
      rank:
        itself(candidate.words) +
        (candidate.dev === device ? 1000 : 0) +
        common(candidate.words, candidate.prefixLength),
    }))
    .sort((a, b) => b.rank - a.rank)[0]?.address;
}

/**
 * Selects the source address of a packet whose socket is not bound to an address: the preferred source of the route, or
 * an address of the device. Undefined if addresses are unknown.
 */
export function sourceFor(host: Host, out: OutRoute, dst: Words): string | undefined {
  if (out.route?.source !== undefined) return out.route.source;
  if (out.local) return undefined;
  if (host.links === undefined || out.dev === undefined) return undefined;
  const family: Family = familyOf(dst);
  if (family === "ipv6") return selectAddress6(host, out.dev, dst);
  return selectAddress(
    host,
    out.dev,
    out.via === undefined ? undefined : addressWords(out.via),
    out.via === undefined ? 253 : 0,
  );
}
