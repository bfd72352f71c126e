import { npt } from "../shared/prefix-translation";

/** Translates the prefix of the IPv6 destination without conntrack (ip6t_NPT.c). */
export const DNPT = npt("DNPT", ["PREROUTING", "OUTPUT"]);
