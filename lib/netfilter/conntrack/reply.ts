import type { Packet, TcpFlag } from "../model";

/** What the other end does with a packet that reaches it: `accepts`, or `refuses` because the port is closed. */
export type Answer = "accepts" | "refuses";

/** The flags of the reply to a TCP segment with these flags (RFC 9293). */
function tcpAnswer(flags: readonly TcpFlag[], answer: Answer): readonly TcpFlag[] {
  if (answer === "refuses") return flags.includes("ACK") ? ["RST"] : ["RST", "ACK"];
  if (flags.includes("SYN")) return ["SYN", "ACK"];
  return flags.includes("FIN") ? ["FIN", "ACK"] : ["ACK"];
}

/** The type of the reply to an echo, timestamp or information request. Other ICMP messages have no reply. */
const ICMP_ANSWERS: Readonly<Record<string, number>> = {
  "icmp 8": 0,
  "icmp 13": 14,
  "icmp 15": 16,
  "ipv6-icmp 128": 129,
};

/**
 * Creates the packet that the other end sends in reply: source and destination are swapped, a SYN is answered by SYN,ACK
 * (RFC 9293), an ICMP echo request by an echo reply (RFC 792, RFC 4443). NAT is not undone: that happens when the reply
 * passes the hosts that translated the packet.
 *
 * @param packet - the packet as it reached the other end, after NAT.
 * @param answer - `refuses`: the port is closed, so that TCP answers with RST and UDP with an ICMP error (RFC 1122).
 * Default: `accepts`.
 * @returns undefined if there is no reply, for example to a RST or to an ICMP error.
 * @example
 * import { replyTo } from "wirebook";
 *
 * const reply = replyTo({
 *   family: "ipv4", src: "192.0.2.1", dst: "192.0.2.2", protocol: "tcp", sport: 40000, dport: 80,
 *   tcpFlags: ["SYN"], ttl: 64, tos: 0, length: 60, mark: 0,
 * });
 * console.log(reply?.src, reply?.tcpFlags); // 192.0.2.2 [ "SYN", "ACK" ]
 */
export function replyTo(packet: Packet, answer: Answer = "accepts"): Packet | undefined {
  const { owner: _owner, payload: _payload, macSrc: _mac, sport, dport, ...rest } = packet;
  const swapped: Packet = {
    ...rest,
    src: packet.dst,
    dst: packet.src,
    ...(dport === undefined ? {} : { sport: dport }),
    ...(sport === undefined ? {} : { dport: sport }),
    ttl: 64,
    mark: 0,
  };
  if (packet.icmp !== undefined) {
    const type = ICMP_ANSWERS[`${packet.protocol} ${packet.icmp.type}`];
    return type === undefined ? undefined : { ...swapped, icmp: { ...packet.icmp, type } };
  }
  if (packet.protocol === "tcp") {
    const flags = packet.tcpFlags ?? ["SYN"];
    if (flags.includes("RST")) return undefined;
    return { ...swapped, tcpFlags: tcpAnswer(flags, answer) };
  }
  return answer === "accepts" ? swapped : errorAbout(packet, packet.dst);
}

/** The ICMP port unreachable error that a host sends about a packet which reached a closed port. */
export function errorAbout(packet: Packet, from: string): Packet {
  const ipv4 = packet.family === "ipv4";
  return {
    family: packet.family,
    src: from,
    dst: packet.src,
    protocol: ipv4 ? "icmp" : "ipv6-icmp",
    icmp: { type: ipv4 ? 3 : 1, code: ipv4 ? 3 : 4, about: packet },
    ttl: 64,
    tos: ipv4 ? 0xc0 : 0,
    length: ipv4 ? Math.min(576, 28 + packet.length) : Math.min(1280, 48 + packet.length),
    mark: 0,
  };
}

/** The next packet of the connection's originator: the ACK of the TCP handshake, or another datagram. */
export function nextOf(packet: Packet): Packet {
  return packet.protocol === "tcp" ? { ...packet, tcpFlags: ["ACK"] } : packet;
}
