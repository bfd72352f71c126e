/** The five places where the kernel asks netfilter (include/uapi/linux/netfilter.h). */
export type Hook = "PREROUTING" | "INPUT" | "FORWARD" | "OUTPUT" | "POSTROUTING";

export type TableName = "raw" | "mangle" | "nat" | "filter" | "security";

/**
 * The tables that each hook runs, in the kernel's order (netfilter_ipv4.h, enum nf_ip_hook_priorities).
 * Conntrack stands between raw (-300) and mangle (-150) in PREROUTING and OUTPUT; in INPUT nat comes last (100).
 */
export const TABLES_AT: Readonly<Record<Hook, readonly TableName[]>> = {
  PREROUTING: ["raw", "mangle", "nat"],
  INPUT: ["mangle", "filter", "security", "nat"],
  FORWARD: ["mangle", "filter", "security"],
  OUTPUT: ["raw", "mangle", "nat", "filter", "security"],
  POSTROUTING: ["mangle", "nat"],
};
