import type { IptablesBehaviour } from "./iptables-version";

/** Address families that iptables' syntax knows; the model has only the first two. */
export type SyntaxFamily = "ipv4" | "ipv6" | "arp" | "bridge";

/** Which of the two in-kernel implementations prints or refuses. */
export type Variant = "legacy" | "nft";

/** What a value's meaning depends on. */
export interface Context {
  readonly family: SyntaxFamily;
  /** What the version of iptables does that reads and prints the rule. */
  readonly iptables: IptablesBehaviour;
  /** Protocol of the rule in decimal, for service names and checks; undefined when `-p` is absent, 0 or negated. */
  readonly protocol?: number | undefined;
  /** The protocol after `! -p`, where it is negated. */
  readonly except?: number | undefined;
}
