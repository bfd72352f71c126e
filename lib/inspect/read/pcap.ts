import { createHash } from "node:crypto";
import ipaddr from "ipaddr.js";

/** One packet, captured on one link of a namespace. */
export interface CapturedPacket {
  /** Microseconds since 1970. */
  readonly time: bigint;
  readonly ifindex: number;
  /** True if the link sent the packet, false if it received it. */
  readonly outgoing: boolean;
  readonly family: "ipv4" | "ipv6" | "other";
  readonly src: string;
  readonly dst: string;
  /** `tcp`, `udp`, `icmp`, `icmpv6`, `arp` or a number. */
  readonly protocol: string;
  readonly sport?: number;
  readonly dport?: number;
  /** TCP only, as tcpdump prints them: `S`, `S.`, `P.`, `F.`, `R`. */
  readonly flags?: string;
  readonly length: number;
  /** Identifies a packet across captures; NAT does not change it. */
  readonly identity: string;
  /** Start and end offset of its record in the file. */
  readonly record: readonly [begin: number, end: number];
}

// Linux cooked capture v2, the format of `tcpdump -i any`: tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html
const LINUX_SLL2 = 276;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;

/**
 * Reads a capture file (classic pcap, little-endian, microseconds, Linux cooked v2). Ignores an incomplete last record.
 *
 * @throws RangeError if the file has another format.
 */
export function parsePcap(file: Buffer): readonly CapturedPacket[] {
  if (file.length < FILE_HEADER) return [];
  if (file.readUInt32LE(0) !== 0xa1b2c3d4 || (file.readUInt32LE(20) & 0xffff) !== LINUX_SLL2) {
    throw new RangeError("not a capture of Linux cooked packets (tcpdump -i any)");
  }
  const packets: CapturedPacket[] = [];
  for (let at = FILE_HEADER; at + RECORD_HEADER <= file.length; ) {
    const size = file.readUInt32LE(at + 8);
    const end = at + RECORD_HEADER + size;
    if (end > file.length) break;
    const time = BigInt(file.readUInt32LE(at)) * 1_000_000n + BigInt(file.readUInt32LE(at + 4));
    const frame = file.subarray(at + RECORD_HEADER, end);
    if (frame.length >= 20) {
      const cooked = {
        time,
        ifindex: frame.readUInt32BE(4),
        outgoing: frame[10] === 4,
        record: [at, end] as const,
      };
      packets.push({ ...cooked, ...network(frame.readUInt16BE(0), frame.subarray(20)) });
    }
    at = end;
  }
  return packets;
}

type Network = Omit<CapturedPacket, "time" | "ifindex" | "outgoing" | "record">;

function network(etherType: number, packet: Buffer): Network {
  if (etherType === 0x0800 && packet.length >= 20) return ipv4(packet);
  if (etherType === 0x86dd && packet.length >= 40) return ipv6(packet);
  const protocol = etherType === 0x0806 ? "arp" : `0x${etherType.toString(16).padStart(4, "0")}`;
  return {
    family: "other",
    src: "",
    dst: "",
    protocol,
    length: packet.length,
    identity: `${protocol} ${digest(packet)}`,
  };
}

function ipv4(packet: Buffer): Network {
  const header = ((packet[0] ?? 0) & 15) * 4;
  const length = packet.readUInt16BE(2);
  const id = packet.readUInt16BE(4);
  const rest = transport(packet[9] ?? 0, packet.subarray(header, Math.max(header, length)));
  return {
    family: "ipv4",
    src: address(packet.subarray(12, 16)),
    dst: address(packet.subarray(16, 20)),
    length,
    ...rest,
    identity: `${id} ${rest.identity}`,
  };
}

function ipv6(packet: Buffer): Network {
  const length = 40 + packet.readUInt16BE(4);
  return {
    family: "ipv6",
    src: address(packet.subarray(8, 24)),
    dst: address(packet.subarray(24, 40)),
    length,
    ...transport(packet[6] ?? 0, packet.subarray(40, length)),
  };
}

type Transport = Pick<CapturedPacket, "protocol" | "sport" | "dport" | "flags" | "identity">;

// Fields that NAT does not change: sequence numbers, flags and payload; for echoes the sequence number, but not the id.
function transport(protocol: number, segment: Buffer): Transport {
  if (protocol === 6 && segment.length >= 20) {
    const flags = flagText(segment[13] ?? 0);
    const size = segment.length - ((segment[12] ?? 0) >> 4) * 4;
    const sequence = `${segment.readUInt32BE(4)} ${segment.readUInt32BE(8)}`;
    const ports = { sport: segment.readUInt16BE(0), dport: segment.readUInt16BE(2) };
    return { protocol: "tcp", ...ports, flags, identity: `tcp ${sequence} ${flags} ${size}` };
  }
  if (protocol === 17 && segment.length >= 8) {
    const ports = { sport: segment.readUInt16BE(0), dport: segment.readUInt16BE(2) };
    return { protocol: "udp", ...ports, identity: `udp ${digest(segment.subarray(8))}` };
  }
  if ((protocol === 1 || protocol === 58) && segment.length >= 8) {
    const name = protocol === 1 ? "icmp" : "icmpv6";
    const echo = `${segment[0]} ${segment[1]} ${segment.readUInt16BE(6)}`;
    // An ICMP error contains the original packet, and NAT rewrites its addresses as well.
    const isError = protocol === 1 ? [3, 5, 11, 12].includes(segment[0] ?? 0) : (segment[0] ?? 0) < 128;
    return { protocol: name, identity: `${name} ${echo} ${isError ? "" : digest(segment.subarray(8))}` };
  }
  return { protocol: String(protocol), identity: `${protocol} ${digest(segment)}` };
}

function flagText(bits: number): string {
  const letters = ["F", "S", "R", "P", ".", "U"].filter((_, bit) => (bits & (1 << bit)) !== 0);
  const first = letters.filter((letter) => letter !== ".");
  return `${first.join("")}${letters.includes(".") ? "." : ""}`;
}

function address(bytes: Buffer): string {
  return ipaddr.fromByteArray([...bytes]).toString();
}

function digest(bytes: Buffer): string {
  return createHash("sha1").update(bytes).digest("base64url").slice(0, 12);
}
