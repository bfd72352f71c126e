import { timeToLive } from "../shared/hop-limit";

/** Matches the TTL of IPv4 (xt_hl.c). */
export const ttl = timeToLive("ttl", "ipv4");
