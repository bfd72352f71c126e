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

/** What the address of a translation depends on: the packet, and its devices and route at this hook. */
export interface TranslationContext {
  readonly host: Host;
  readonly hook: Hook;
  readonly packet: Packet;
  readonly dst: Words | undefined;
  /** Devices. Empty if the hook has none, undefined if unknown. */
  readonly in: string | undefined;
  readonly out: string | undefined;
  readonly route?: OutRoute | undefined;
}

/** The new address of a translation. `none`: the device has no address, and the kernel drops the packet. */
export type TranslationAddress =
  | { readonly kind: "address"; readonly address: string }
  | { readonly kind: "none" }
  | { readonly kind: "unknown" };

/**
 * The source address of MASQUERADE: an address of the outgoing device, preferably in the subnet of the next hop
 * (nf_nat_masquerade.c, nf_nat_masquerade_ipv4 and nf_nat_masquerade_ipv6).
 */
export function masqueradeAddress({ host, out, dst, route }: TranslationContext): TranslationAddress {
  if (host.links === undefined || out === undefined || out === "" || dst === undefined)
    return { kind: "unknown" };
  if (host.links.every(({ name }) => name !== out)) return { kind: "unknown" };
  // A next hop of the other family is ignored (rt_nexthop).
  const via = route?.via === undefined ? undefined : addressWords(route.via);
  const nexthop = via !== undefined && familyOf(via) === familyOf(dst) ? via : dst;
  const address =
    familyOf(dst) === "ipv4" ? selectAddress(host, out, nexthop) : selectAddress6(host, out, dst);
  return address === undefined ? { kind: "none" } : { kind: "address", address };
}

/**
 * The destination address of REDIRECT: loopback for packets that this host sends, otherwise the first address of the
 * incoming device (nf_nat_redirect.c).
 */
export function redirectAddress(context: TranslationContext): TranslationAddress {
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

/** If the destination has host, link or site scope, REDIRECT uses an address of the same scope (nf_nat_redirect_ipv6_usable). */
function scopeOf6(words: Words): "host" | "link" | "site" | "any" {
  if (isLoopback(words)) return "host";
  if (isLinkLocal6(words)) return "link";
  if (!isMulticast(words)) return "any";
  const scope = ((words[0] ?? 0) >>> 16) & 0xf;
  return scope === 1 ? "host" : scope === 2 ? "link" : scope === 5 ? "site" : "any";
}
