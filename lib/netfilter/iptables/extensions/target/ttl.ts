import { setTimeToLive } from "../shared/hop-limit";

/** Changes the TTL of IPv4 (xt_HL.c). */
export const TTL = setTimeToLive("TTL", "ipv4");
