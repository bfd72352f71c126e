import type { SyntaxFamily } from "./context";

const IP_CHAINS: Readonly<Record<string, readonly string[]>> = {
  raw: ["PREROUTING", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  security: ["INPUT", "FORWARD", "OUTPUT"],
};

const CHAINS: Readonly<Record<SyntaxFamily, Readonly<Record<string, readonly string[]>>>> = {
  ipv4: IP_CHAINS,
  ipv6: IP_CHAINS,
  arp: { filter: ["INPUT", "OUTPUT"] },
  bridge: {
    filter: ["INPUT", "FORWARD", "OUTPUT"],
    nat: ["PREROUTING", "OUTPUT", "POSTROUTING"],
    broute: ["BROUTING"],
  },
};

/** The base chains of a table, in the order in which iptables-save prints them. Undefined if there is no such table. */
export const baseChains = (family: SyntaxFamily, table: string): readonly string[] | undefined =>
  CHAINS[family][table];
