import { extensionHeader } from "../shared/ipv6-options-header";

/** Matches the destination options header of IPv6 (ip6t_hbh.c, which serves both headers). */
export const dst = extensionHeader("dst");
