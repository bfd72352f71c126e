import { extensionHeader } from "../shared/ipv6-options-header";

/** Matches the hop-by-hop options header of IPv6 (ip6t_hbh.c). */
export const hbh = extensionHeader("hbh");
