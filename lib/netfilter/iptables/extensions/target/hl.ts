import { setTimeToLive } from "../shared/hop-limit";

/** Changes the hop limit of IPv6 (xt_HL.c). */
export const HL = setTimeToLive("HL", "ipv6");
