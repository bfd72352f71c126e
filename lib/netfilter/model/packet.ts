import type { Family } from "../../inspect/family";

export type { Family } from "../../inspect/family";

/** A TCP flag, named as in `iptables -m tcp --tcp-flags`. */
export type TcpFlag = "FIN" | "SYN" | "RST" | "PSH" | "ACK" | "URG";

/** The owner of the socket that sent a packet, as compared by `-m owner`. */
export interface SocketOwner {
  readonly uid?: number;
  readonly gid?: number;
  /** Supplementary groups of the sending process. */
  readonly groups?: readonly number[];
}

/**
 * The header of one packet and the metadata that the kernel keeps with it (mark, owner, packet type).
 *
 * Addresses are canonical text (`10.0.0.1`, `fd00::1`): no leading zeros, IPv6 as specified by RFC 5952.
 * `protocol` is the lower-case name from `/etc/protocols` (`tcp`, `udp`, `icmp`, `ipv6-icmp`, `sctp` …), or the decimal
 * number if the protocol has no name.
 *
 * @example
 * import type { Packet } from "wirebook";
 *
 * const syn: Packet = {
 *   family: "ipv4", src: "192.0.2.1", dst: "192.0.2.2", protocol: "tcp", sport: 40000, dport: 80,
 *   ttl: 64, tos: 0, length: 60, mark: 0,
 * };
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
    /** ICMP errors only: the header of the packet that caused the error, at the time the error was generated. */
    readonly about?: Packet;
  };
  /** TCP only. Default: SYN. */
  readonly tcpFlags?: readonly TcpFlag[];
  readonly ttl: number;
  /** The whole TOS byte (DSCP and ECN). */
  readonly tos: number;
  /** Total length of the packet in bytes, including the IP header, as compared by `-m length`. */
  readonly length: number;
  /** The packet mark (skb->mark), which `-j MARK` sets and `-m mark` compares. 0 if nothing set it. */
  readonly mark: number;
  /** Fragment offset in units of 8 bytes, and the "more fragments" flag. Only the first fragment contains the ports. */
  readonly fragment?: { readonly offset: number; readonly more: boolean };
  readonly macSrc?: string;
  /** Link-layer packet type, named as in `-m pkttype`. Default: `unicast`. */
  readonly pktType?: "unicast" | "broadcast" | "multicast";
  /** Owner of the local socket that sent the packet. Undefined if unknown. */
  readonly owner?: SocketOwner;
  /** Bytes after the transport header, if known. Without them, the result of a `string` match is unknown. */
  readonly payload?: Uint8Array;
}
