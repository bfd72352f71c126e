/** The five netfilter hooks of IPv4 and IPv6 (include/uapi/linux/netfilter.h). */
export type Hook = "PREROUTING" | "INPUT" | "FORWARD" | "OUTPUT" | "POSTROUTING";

/** The five tables of iptables (iptables(8), TABLES). */
export type TableName = "raw" | "mangle" | "nat" | "filter" | "security";

/**
 * The tables that each hook runs, in the kernel's order (netfilter_ipv4.h, enum nf_ip_hook_priorities).
 * In PREROUTING and OUTPUT, conntrack (-200) runs between raw (-300) and mangle (-150). In INPUT, nat runs last (100).
 */
export const TABLES_AT: Readonly<Record<Hook, readonly TableName[]>> = {
  PREROUTING: ["raw", "mangle", "nat"],
  INPUT: ["mangle", "filter", "security", "nat"],
  FORWARD: ["mangle", "filter", "security"],
  OUTPUT: ["raw", "mangle", "nat", "filter", "security"],
  POSTROUTING: ["mangle", "nat"],
};
