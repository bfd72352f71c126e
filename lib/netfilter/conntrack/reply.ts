import type { Packet, TcpFlag } from "../model";

/** What the other end does with a packet that reaches it. */
export type Answer = "accepts" | "refuses";

/** The segment that answers one with these flags. */
function tcpAnswer(flags: readonly TcpFlag[], answer: Answer): readonly TcpFlag[] {
  if (answer === "refuses") return flags.includes("ACK") ? ["RST"] : ["RST", "ACK"];
  if (flags.includes("SYN")) return ["SYN", "ACK"];
  return flags.includes("FIN") ? ["FIN", "ACK"] : ["ACK"];
}

/** The answer to an echo, timestamp or information request; other ICMP messages have none. */
const ICMP_ANSWERS: Readonly<Record<string, number>> = {
  "icmp 8": 0,
  "icmp 13": 14,
  "icmp 15": 16,
  "ipv6-icmp 128": 129,
};

/**
 * The packet with which the other end answers: ends swapped, SYN answered by SYN,ACK (or RST where the port is closed),
 * an echo request by its reply. The packet is as it reached the other end, so that its NAT is still to be undone.
 *
 * @param answer - default `accepts`. `refuses`: a closed port; TCP answers with RST, all else with an ICMP error.
 * @returns undefined where there is no answer: a RST, an ICMP error, a broadcast.
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

/** A port-unreachable error about a packet, from the host that it reached. */
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

/** The packet that the first sender sends next: the ACK of a handshake, or the same datagram again. */
export function nextOf(packet: Packet): Packet {
  return packet.protocol === "tcp" ? { ...packet, tcpFlags: ["ACK"] } : packet;
}
