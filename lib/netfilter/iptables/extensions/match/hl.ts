import { timeToLive } from "../shared/hop-limit";

/** Matches the hop limit of IPv6 (xt_hl.c). */
export const hl = timeToLive("hl", "ipv6");
