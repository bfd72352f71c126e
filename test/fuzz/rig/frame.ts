import { parse } from "ipaddr.js";
import type { Packet, TcpFlag } from "../../../lib/netfilter/model";

const protocolNumbers: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  gre: 47,
  esp: 50,
  "ipv6-icmp": 58,
  sctp: 132,
  udplite: 136,
};

const flagBits: Readonly<Record<TcpFlag, number>> = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32 };

/** Encodes a packet with valid checksums, and pads it to its length. */
export function ipPacket(packet: Packet, ipId: number): Buffer {
  const src = Buffer.from(parse(packet.src).toByteArray());
  const dst = Buffer.from(parse(packet.dst).toByteArray());
  const protocol = protocolNumbers[packet.protocol] ?? Number(packet.protocol);
  const headerLength = packet.family === "ipv4" ? 20 : 40;
  const body = transport(packet, protocol, Buffer.concat([src, dst]), packet.length - headerLength);
  if (packet.family === "ipv4") {
    const header = Buffer.alloc(20);
    header[0] = 0x45;
    header[1] = packet.tos;
    header.writeUInt16BE(20 + body.length, 2);
    header.writeUInt16BE(ipId, 4);
    const { offset, more } = packet.fragment ?? { offset: 0, more: false };
    header.writeUInt16BE((more ? 0x2000 : 0) | offset, 6);
    header[8] = packet.ttl;
    header[9] = protocol;
    src.copy(header, 12);
    dst.copy(header, 16);
    header.writeUInt16BE(checksum(header), 10);
    return Buffer.concat([header, body]);
  }
  const header = Buffer.alloc(40);
  header.writeUInt32BE(0x60000000 | (packet.tos << 20) | ipId, 0);
  header.writeUInt16BE(body.length, 4);
  header[6] = protocol;
  header[7] = packet.ttl;
  src.copy(header, 8);
  dst.copy(header, 24);
  return Buffer.concat([header, body]);
}

/** Wraps an IP packet in an Ethernet frame. */
export function frame(from: string, to: string, packet: Buffer): Buffer {
  const ethernet = Buffer.alloc(14);
  Buffer.from(to.replaceAll(":", ""), "hex").copy(ethernet, 0);
  Buffer.from(from.replaceAll(":", ""), "hex").copy(ethernet, 6);
  ethernet.writeUInt16BE((packet[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800, 12);
  return Buffer.concat([ethernet, packet]);
}

function transport(packet: Packet, protocol: number, addresses: Buffer, length: number): Buffer {
  const sport = packet.sport ?? 0;
  const dport = packet.dport ?? 0;
  switch (packet.protocol) {
    case "tcp": {
      const body = Buffer.alloc(Math.max(20, length));
      body.writeUInt16BE(sport, 0);
      body.writeUInt16BE(dport, 2);
      // A SYN ends at 1,001, also if it has data, so that a SYN,ACK acknowledges it and conntrack accepts a RST.
      const isSyn = (packet.tcpFlags ?? ["SYN"]).includes("SYN");
      body.writeUInt32BE(isSyn ? (1_000 - (body.length - 20)) >>> 0 : 1_001, 4);
      body.writeUInt32BE(packet.tcpFlags?.includes("ACK") === true ? 1_001 : 0, 8);
      body[12] = 0x50;
      body[13] = (packet.tcpFlags ?? ["SYN"]).reduce((bits, flag) => bits | flagBits[flag], 0);
      body.writeUInt16BE(64_240, 14);
      body.writeUInt16BE(checksum(pseudo(addresses, protocol, body)), 16);
      return body;
    }
    case "udp":
    case "udplite": {
      const body = Buffer.alloc(Math.max(8, length));
      body.writeUInt16BE(sport, 0);
      body.writeUInt16BE(dport, 2);
      // UDP-Lite (RFC 3828) has the checksum coverage in place of the length; 0 covers the whole packet.
      body.writeUInt16BE(packet.protocol === "udp" ? body.length : 0, 4);
      body.writeUInt16BE(checksum(pseudo(addresses, protocol, body)) || 0xffff, 6);
      return body;
    }
    case "sctp": {
      // An INIT chunk (RFC 9260), so that conntrack treats it as the start of an association.
      const body = Buffer.alloc(32);
      body.writeUInt16BE(sport, 0);
      body.writeUInt16BE(dport, 2);
      body[12] = 1;
      body.writeUInt16BE(20, 14);
      body.writeUInt32BE(1, 16);
      body.writeUInt32BE(65_536, 20);
      body.writeUInt16BE(1, 24);
      body.writeUInt16BE(1, 26);
      body.writeUInt32LE(crc32c(body), 8);
      return body;
    }
    case "icmp":
    case "ipv6-icmp": {
      const body = Buffer.alloc(Math.max(8, length));
      const { type, code, id = 0 } = packet.icmp ?? { type: 8, code: 0 };
      body[0] = type;
      body[1] = code;
      body.writeUInt16BE(id, 4);
      body.writeUInt16BE(1, 6);
      if (packet.icmp?.about !== undefined) ipPacket(packet.icmp.about, 1).copy(body, 8);
      body.writeUInt16BE(checksum(packet.protocol === "icmp" ? body : pseudo(addresses, protocol, body)), 2);
      return body;
    }
    default:
      return Buffer.alloc(Math.max(0, length));
  }
}

function pseudo(addresses: Buffer, protocol: number, body: Buffer): Buffer {
  const tail = Buffer.alloc(4);
  tail[1] = protocol;
  tail.writeUInt16BE(body.length, 2);
  return Buffer.concat([addresses, tail, body]);
}

/** Computes the Internet checksum (RFC 1071). */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
