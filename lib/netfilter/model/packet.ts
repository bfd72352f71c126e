import type { Family } from "../../inspect/family";

export type { Family } from "../../inspect/family";

/** TCP flags by the names that `iptables -m tcp --tcp-flags` uses. */
export type TcpFlag = "FIN" | "SYN" | "RST" | "PSH" | "ACK" | "URG";

/** What the owner match can ask of the socket that sent a packet. */
export interface SocketOwner {
  readonly uid?: number;
  readonly gid?: number;
  /** Supplementary groups of the sending process. */
  readonly groups?: readonly number[];
}

/**
 * The header of one packet, and what the kernel keeps beside it (mark, priority, owner).
 *
 * Addresses are canonical text (`10.0.0.1`, `fd00::1`): no leading zeros, IPv6 as RFC 5952 writes it.
 * `protocol` is the lower-case name that `/etc/protocols` has (`tcp`, `udp`, `icmp`, `ipv6-icmp`, `sctp` …),
 * or the number in decimal where it has none.
 */
export interface Packet {
  readonly family: Family;
  readonly src: string;
  readonly dst: string;
  readonly protocol: string;
  /** Ports of TCP, UDP, SCTP, DCCP and UDP-Lite; absent for other protocols. */
  readonly sport?: number;
  readonly dport?: number;
  /** ICMP and ICMPv6 only. `id` is the echo identifier, which conntrack treats as a port. */
  readonly icmp?: {
    readonly type: number;
    readonly code: number;
    readonly id?: number;
    /** Errors only: the packet that the error is about, as its header stood when the error was made. */
    readonly about?: Packet;
  };
  /** TCP only. Default for a packet that opens a connection: SYN. */
  readonly tcpFlags?: readonly TcpFlag[];
  readonly ttl: number;
  /** The whole TOS byte (DSCP and ECN). */
  readonly tos: number;
  /** Total length in bytes, as `-m length` counts it. */
  readonly length: number;
  /** skb mark (`MARK`, `-m mark`). 0 when nothing set it. */
  readonly mark: number;
  /** Offset in 8-byte units. A fragment past the first carries no ports. */
  readonly fragment?: { readonly offset: number; readonly more: boolean };
  readonly macSrc?: string;
  /** As `-m pkttype` names it. Default: `unicast`. */
  readonly pktType?: "unicast" | "broadcast" | "multicast";
  /** Known for packets that a local socket sent; unset when unknown. */
  readonly owner?: SocketOwner;
  /** Bytes after the transport header, where known. Without them a `string` match is unknown. */
  readonly payload?: Uint8Array;
}
