import { npt } from "../shared/prefix-translation";

/** Translates the prefix of the IPv6 source without conntrack (ip6t_NPT.c). */
export const SNPT = npt("SNPT", ["INPUT", "POSTROUTING"]);
