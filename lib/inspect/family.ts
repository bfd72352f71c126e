/**
 * The address family of a packet, an address, a rule set or a routing table.
 *
 * @example
 * import { type Family, parseRuleset } from "wirebook";
 *
 * const family: Family = "ipv6";
 * parseRuleset("*filter\n:INPUT DROP [0:0]\nCOMMIT\n", { family });
 */
export type Family = "ipv4" | "ipv6";
