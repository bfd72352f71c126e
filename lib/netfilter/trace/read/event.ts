import type { Family, TcpFlag } from "../../model";

/** The header of a traced packet at the start of a base chain. Fields that were not reported are absent. */
export interface TraceHeader {
  readonly family: Family;
  readonly in?: string;
  readonly out?: string;
  /** Destination MAC address, if the packet arrived on an Ethernet device. */
  readonly macDst?: string;
  readonly src?: string;
  readonly dst?: string;
  /** Lower-case name (`tcp`, `icmp`, `gre`) or decimal number. xtables-monitor does not print it; TCP is inferred from the flags. */
  readonly protocol?: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly flags?: readonly TcpFlag[];
  readonly icmp?: { readonly type: number; readonly code: number; readonly id?: number };
  readonly ttl?: number;
  readonly length?: number;
  /** The IPv4 identification field. It is constant in all hooks and distinguishes packets of the same flow. */
  readonly ipId?: number;
  readonly mark?: number;
}

/** A verdict reported by the kernel. `CONTINUE`: the next rule is evaluated. */
export type TraceVerdict =
  | { readonly kind: "ACCEPT" | "DROP" | "CONTINUE" | "RETURN" | "QUEUE" | "STOLEN" }
  | { readonly kind: "JUMP" | "GOTO"; readonly chain: string }
  | { readonly kind: "OTHER"; readonly text: string };

interface At {
  /** A hash of the packet's buffer, flow and input device. Later packets of the same flow may have the same id. */
  readonly id: string;
  /** The nftables family of the table: `ip`, `ip6`, `inet`, `bridge`, `netdev`, `arp`. */
  readonly family: string;
}

interface InChain extends At {
  readonly table: string;
  readonly chain: string;
}

/**
 * One event of the kernel's packet trace (nf_tables_trace.c), parsed from either program.
 *
 * A `packet` event precedes the first event of each base chain. xtables-monitor does not print which chain it is.
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

type PacketEvent = Extract<TraceEvent, { kind: "packet" }>;
export type ChainEvent = Exclude<TraceEvent, PacketEvent>;

/** Formats a verdict like nft: `jump SVC`, `accept`. */
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
