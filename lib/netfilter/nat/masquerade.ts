import type { Hook, Host, Packet } from "../model";
import {
  addressWords,
  familyOf,
  isLinkLocal6,
  isLoopback,
  isMulticast,
  type Words,
} from "../routing/address";
import { type OutRoute, selectAddress, selectAddress6 } from "../routing/output";

/** What the choice of an address depends on: the packet, and the devices and the route it has at this hook. */
export interface TranslationContext {
  readonly host: Host;
  readonly hook: Hook;
  readonly packet: Packet;
  readonly dst: Words | undefined;
  /** Empty where the hook has no such device, undefined where it is not known. */
  readonly in: string | undefined;
  readonly out: string | undefined;
  readonly route?: OutRoute;
}

/** A translation's address: found, none (the packet is dropped), or not known. */
export type Found =
  | { readonly kind: "address"; readonly address: string }
  | { readonly kind: "none" }
  | { readonly kind: "unknown" };

/** MASQUERADE (nf_nat_masquerade.c): an address of the device the packet leaves by, in the next hop's subnet if there is one. */
export function masqueradeAddress({ host, out, dst, route }: TranslationContext): Found {
  if (host.links === undefined || out === undefined || out === "" || dst === undefined)
    return { kind: "unknown" };
  if (host.links.every(({ name }) => name !== out)) return { kind: "unknown" };
  // Only a next hop of the packet's own family counts (rt_nexthop).
  const via = route?.via === undefined ? undefined : addressWords(route.via);
  const nexthop = via !== undefined && familyOf(via) === familyOf(dst) ? via : dst;
  const address =
    familyOf(dst) === "ipv4" ? selectAddress(host, out, nexthop) : selectAddress6(host, out, dst);
  return address === undefined ? { kind: "none" } : { kind: "address", address };
}

/** REDIRECT (nf_nat_redirect.c): loopback for what this host sends, else the first address of the device it came in by. */
export function redirectAddress(context: TranslationContext): Found {
  const ipv4 = context.packet.family === "ipv4";
  if (context.hook === "OUTPUT") return { kind: "address", address: ipv4 ? "127.0.0.1" : "::1" };
  if (context.host.links === undefined || context.in === undefined) return { kind: "unknown" };
  const link = context.host.links.find(({ name }) => name === context.in);
  if (link === undefined) return { kind: "unknown" };
  const scope = context.dst === undefined ? "any" : scopeOf6(context.dst);
  const first = link.addresses.find(({ family, address }) => {
    if (family !== context.packet.family) return false;
    return ipv4 || scope === "any" || scopeOf6(addressWords(address) ?? []) === scope;
  });
  return first === undefined ? { kind: "none" } : { kind: "address", address: first.address };
}

/** nf_nat_redirect_ipv6_usable: a destination that means something on one link only wants an address that does too. */
function scopeOf6(words: Words): "host" | "link" | "site" | "any" {
  if (isLoopback(words)) return "host";
  if (isLinkLocal6(words)) return "link";
  if (!isMulticast(words)) return "any";
  const scope = ((words[0] ?? 0) >>> 16) & 0xf;
  return scope === 1 ? "host" : scope === 2 ? "link" : scope === 5 ? "site" : "any";
}
