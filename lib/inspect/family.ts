/** Address family of a packet, an address, a rule set or a route table. */
export type Family = "ipv4" | "ipv6";
