import { match } from "../declare";

/** Matches IPv6 packets whose interface identifier was made from their MAC address (ip6t_eui64.c). */
export const eui64 = match("eui64", { families: ["ipv6"], hooks: ["PREROUTING", "INPUT", "FORWARD"] });
