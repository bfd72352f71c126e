import ipaddr from "ipaddr.js";
import type { TcpFlag } from "../../model";
import type { TraceHeader } from "./event";
import { makeHeader } from "./header";

const flagBits: readonly (readonly [TcpFlag, number])[] = [
  ["FIN", 1],
  ["SYN", 2],
  ["RST", 4],
  ["PSH", 8],
  ["ACK", 16],
  ["URG", 32],
];

const PROTOCOLS: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp" };

/** Returns the names of the bits in the flags byte of a TCP header (RFC 9293). */
export function flagsOf(byte: number): TcpFlag[] {
  return flagBits.filter(([, bit]) => (byte & bit) !== 0).map(([name]) => name);
}

/**
 * Parses a header that nft prints as raw bytes, because it does not know the protocol above the link layer, for example in
 * an egress chain of the netdev family: `oif "eth0" @nh,0,160 0x4500… @th,0,160 0x…`.
 *
 * Shell: `nft monitor trace`. Sources: RFC 791, RFC 8200, RFC 9293, RFC 768, RFC 792.
 *
 * @returns undefined if the text has no such bytes, or if they are neither IPv4 nor IPv6.
 */
export function readRawHeader(text: string): TraceHeader | undefined {
  const network = rawBytes(text, "nh");
  const version = (network?.[0] ?? 0) >> 4;
  if (network === undefined) return undefined;
  if (version === 4 && network.length >= 20) {
    const protocol = network.readUInt8(9);
    return makeHeader({
      family: "ipv4",
      src: ipv4(network, 12),
      dst: ipv4(network, 16),
      ttl: network.readUInt8(8),
      length: network.readUInt16BE(2),
      ipId: network.readUInt16BE(4),
      ...transport(protocol, rawBytes(text, "th")),
    });
  }
  if (version !== 6 || network.length < 40) return undefined;
  return makeHeader({
    family: "ipv6",
    src: ipv6(network, 8),
    dst: ipv6(network, 24),
    ttl: network.readUInt8(7),
    length: network.readUInt16BE(4) + 40,
    ...transport(network.readUInt8(6), rawBytes(text, "th")),
  });
}

// nft prints the bits as one number, without leading zeros.
function rawBytes(text: string, base: "nh" | "th"): Buffer | undefined {
  const [, bits, digits] = new RegExp(`@${base},0,(\\d+) 0x([0-9a-f]+)`).exec(text) ?? [];
  return digits === undefined ? undefined : Buffer.from(digits.padStart(Number(bits) / 4, "0"), "hex");
}

function transport(
  protocol: number,
  bytes: Buffer | undefined,
): Pick<TraceHeader, "protocol" | "sport" | "dport" | "flags" | "icmp"> {
  const named = { protocol: PROTOCOLS[protocol] ?? String(protocol) };
  if (bytes === undefined || bytes.length < 8) return named;
  const ports = { sport: bytes.readUInt16BE(0), dport: bytes.readUInt16BE(2) };
  switch (protocol) {
    case 6:
      return { ...named, ...ports, ...(bytes.length < 14 ? {} : { flags: flagsOf(bytes.readUInt8(13)) }) };
    case 17:
      return { ...named, ...ports };
    case 1:
    case 58: {
      const [type, code] = [bytes.readUInt8(0), bytes.readUInt8(1)];
      const echo = protocol === 1 ? type === 8 || type === 0 : type === 128 || type === 129;
      return { ...named, icmp: { type, code, ...(echo ? { id: bytes.readUInt16BE(4) } : {}) } };
    }
    default:
      return named;
  }
}

function ipv4(bytes: Buffer, at: number): string {
  return bytes.subarray(at, at + 4).join(".");
}

function ipv6(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(at + 2 * index).toString(16));
  return ipaddr.IPv6.parse(groups.join(":")).toRFC5952String();
}
