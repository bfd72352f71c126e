import type { Family, TcpFlag } from "../model";

/** Header of a traced packet as the kernel reported it before a base chain; what was not reported is absent. */
export interface TraceHeader {
  readonly family: Family;
  readonly in?: string;
  readonly out?: string;
  /** Destination of the Ethernet frame, where it came in by a link that has such. */
  readonly macDst?: string;
  readonly src?: string;
  readonly dst?: string;
  /** Lower-case name (`tcp`, `icmp`, `gre`) or decimal number. xtables-monitor tells it only by the ports and flags it prints. */
  readonly protocol?: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly flags?: readonly TcpFlag[];
  readonly icmp?: { readonly type: number; readonly code: number; readonly id?: number };
  readonly ttl?: number;
  readonly length?: number;
  /** The IPv4 identification field: it stays with a packet through all its hooks, and tells two packets of one flow apart. */
  readonly ipId?: number;
  readonly mark?: number;
}

/** Verdicts as the kernel has them. A rule that ends nothing says `CONTINUE`. */
export type TraceVerdict =
  | { readonly kind: "ACCEPT" | "DROP" | "CONTINUE" | "RETURN" | "QUEUE" | "STOLEN" }
  | { readonly kind: "JUMP" | "GOTO"; readonly chain: string }
  | { readonly kind: "OTHER"; readonly text: string };

interface At {
  /** Of the packet, while it keeps its buffer, flow and input device: later packets of the flow get the same one. */
  readonly id: string;
  /** The nftables family of the table: `ip`, `ip6`, `inet`, `bridge`, `netdev`, `arp`. */
  readonly family: string;
}

interface InChain extends At {
  readonly table: string;
  readonly chain: string;
}

/**
 * One event of the kernel's packet trace (nf_tables_trace.c), whichever program printed it.
 *
 * `packet` comes before the first event of each base chain. xtables-monitor does not say of which chain.
 */
export type TraceEvent =
  | (At & {
      readonly kind: "packet";
      readonly table?: string;
      readonly chain?: string;
      readonly header: TraceHeader;
    })
  | (InChain & {
      readonly kind: "rule";
      readonly verdict: TraceVerdict;
      /** The rule's nftables handle: unique in its table, never reused. */
      readonly handle?: number;
      /** The rule as the program printed it: iptables' syntax from xtables-monitor, nft's from nft. */
      readonly text: string;
      readonly mark?: number;
    })
  | (InChain & {
      readonly kind: "policy" | "return";
      readonly verdict: TraceVerdict;
      readonly mark?: number;
    });

export type RuleEvent = Extract<TraceEvent, { kind: "rule" }>;
export type PacketEvent = Extract<TraceEvent, { kind: "packet" }>;
export type ChainEvent = Exclude<TraceEvent, PacketEvent>;

/** `jump SVC`, `accept`: a verdict in the words that nft uses. */
export function verdictText(verdict: TraceVerdict): string {
  switch (verdict.kind) {
    case "JUMP":
    case "GOTO":
      return `${verdict.kind.toLowerCase()} ${verdict.chain}`;
    case "OTHER":
      return verdict.text;
    default:
      return verdict.kind.toLowerCase();
  }
}
