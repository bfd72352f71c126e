import type { IptablesBehaviour } from "./iptables-version";

/** Families whose rules can be parsed. The model has only IPv4 and IPv6. */
export type SyntaxFamily = "ipv4" | "ipv6" | "arp" | "bridge";

/** The two implementations of iptables in the kernel. They differ in what they refuse and print. */
export type Variant = "legacy" | "nft";

/** What reading and printing a value depends on. */
export interface Context {
  readonly family: SyntaxFamily;
  /** The behaviour of the version of iptables that reads and prints the rule. */
  readonly iptables: IptablesBehaviour;
  /** Number of the protocol after `-p`. Undefined if there is none, or if it is 0 or negated. */
  readonly protocol?: number | undefined;
  /** Number of the protocol after `! -p`. */
  readonly except?: number | undefined;
}
