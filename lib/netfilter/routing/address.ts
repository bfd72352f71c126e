import ipaddr from "ipaddr.js";
import type { Family } from "../model";

/** An address as unsigned 32-bit words in network order: one for IPv4, four for IPv6. */
export type Words = readonly number[];

/** An address and its mask. `length` is absent if the mask is non-contiguous. */
export interface Net {
  readonly words: Words;
  readonly mask: Words;
  readonly length?: number;
}

// A traversal evaluates many conditions on the same few addresses, so parsed addresses are cached.
const parsed = new Map<string, Words | undefined>();
const PARSED_LIMIT = 20_000;

/** Returns the words of an address, or undefined if the text is not an address (a masqueraded source may be unknown). */
export function addressWords(address: string): Words | undefined {
  if (parsed.has(address)) return parsed.get(address);
  if (parsed.size > PARSED_LIMIT) parsed.clear();
  const words = parse(address);
  parsed.set(address, words);
  return words;
}

function parse(address: string): Words | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return pack(ipaddr.IPv4.parse(address).toByteArray());
  if (ipaddr.IPv6.isValid(address)) return pack(ipaddr.IPv6.parse(address).toByteArray());
  return undefined;
}

function pack(bytes: readonly number[]): Words {
  const words: number[] = [];
  for (let at = 0; at < bytes.length; at += 4) {
    words.push(
      (((bytes[at] ?? 0) << 24) |
        ((bytes[at + 1] ?? 0) << 16) |
        ((bytes[at + 2] ?? 0) << 8) |
        (bytes[at + 3] ?? 0)) >>>
        0,
    );
  }
  return words;
}

/** Formats an address: dotted decimal, or IPv6 as specified by RFC 5952. */
export function textOf(words: Words): string {
  const bytes = words.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
  return words.length === 1 ? bytes.join(".") : new ipaddr.IPv6(bytes).toRFC5952String();
}

/** Returns the canonical form of an address. Returns other text unchanged. */
export function canonical(address: string): string {
  const words = addressWords(address);
  return words === undefined ? address : textOf(words);
}

export function familyOf(words: Words): Family {
  return words.length === 1 ? "ipv4" : "ipv6";
}

export function sameWords(a: Words, b: Words): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** Whether the network contains the address. False if the families differ. */
export function within(address: Words, net: Net): boolean {
  if (address.length !== net.words.length) return false;
  for (let at = 0; at < address.length; at++) {
    const mask = net.mask[at] ?? 0;
    if (((address[at] ?? 0) & mask) >>> 0 !== ((net.words[at] ?? 0) & mask) >>> 0) return false;
  }
  return true;
}

export function compareWords(a: Words, b: Words): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function maskOf(length: number, words: number): Words {
  return Array.from({ length: words }, (_, at) => {
    const bits = Math.min(32, Math.max(0, length - 32 * at));
    return bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  });
}

export function masked(address: Words, mask: Words): Words {
  return address.map((word, at) => (word & (mask[at] ?? 0)) >>> 0);
}

/** Creates a network from an address and a prefix length, or a mask in address notation. */
export function netOf(address: string, mask: string | number): Net | undefined {
  const words = addressWords(address);
  if (words === undefined) return undefined;
  const length = typeof mask === "number" ? mask : /^\d+$/.test(mask) ? Number(mask) : undefined;
  if (length !== undefined) return { words, mask: maskOf(length, words.length), length };
  const dotted = addressWords(String(mask));
  if (dotted === undefined || dotted.length !== words.length) return undefined;
  return { words, mask: dotted };
}

/** Parses `10.0.0.0/8`, `fd00::/64`, or an address without a length, which becomes a host route. */
export function parseNet(text: string): Net | undefined {
  const [address = "", mask] = text.split("/");
  const words = addressWords(address);
  if (words === undefined) return undefined;
  return netOf(address, mask ?? words.length * 32);
}

const netConstant = (text: string): Net => {
  const net = parseNet(text);
  if (net === undefined) throw new Error(`not a network: ${text}`);
  return net;
};

const LOOPBACK = netConstant("127.0.0.0/8");
const ZERO = netConstant("0.0.0.0/8");
const MULTICAST = netConstant("224.0.0.0/4");
const MULTICAST6 = netConstant("ff00::/8");
const LOOPBACK6 = netConstant("::1/128");
const LINK_LOCAL6 = netConstant("fe80::/10");

export const isLoopback = (words: Words): boolean => within(words, LOOPBACK) || within(words, LOOPBACK6);
export const isZeronet = (words: Words): boolean => within(words, ZERO);
export const isMulticast = (words: Words): boolean => within(words, MULTICAST) || within(words, MULTICAST6);
export const isLimitedBroadcast = (words: Words): boolean => words.length === 1 && words[0] === 0xffffffff;
export const isUnspecified = (words: Words): boolean => words.every((word) => word === 0);
export const isLinkLocal6 = (words: Words): boolean => within(words, LINK_LOCAL6);
