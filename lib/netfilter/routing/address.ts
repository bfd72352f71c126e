import ipaddr from "ipaddr.js";
import type { Family } from "../model";

/** An address as unsigned 32-bit words in network order: one for IPv4, four for IPv6. */
export type Words = readonly number[];

/** An address and its mask. `length` is absent where the mask has holes. */
export interface Net {
  readonly words: Words;
  readonly mask: Words;
  readonly length?: number;
}

// Packets of one rule set carry few addresses, and each is asked about many times.
const parsed = new Map<string, Words | undefined>();
const PARSED_LIMIT = 20_000;

/** The words of an address, or undefined where the text is no address (a masqueraded source that is not known). */
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

/** Canonical text: dotted decimal, or IPv6 as RFC 5952 writes it. */
export function textOf(words: Words): string {
  const bytes = words.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
  return words.length === 1 ? bytes.join(".") : new ipaddr.IPv6(bytes).toRFC5952String();
}

/** The same address in canonical text; text that is no address comes back as it is. */
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

/** Whether the address lies in the network; false across families. */
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

/** A network from an address and a length or a mask written as an address. */
export function netOf(address: string, mask: string | number): Net | undefined {
  const words = addressWords(address);
  if (words === undefined) return undefined;
  const length = typeof mask === "number" ? mask : /^\d+$/.test(mask) ? Number(mask) : undefined;
  if (length !== undefined) return { words, mask: maskOf(length, words.length), length };
  const dotted = addressWords(String(mask));
  if (dotted === undefined || dotted.length !== words.length) return undefined;
  return { words, mask: dotted };
}

/** `10.0.0.0/8`, `fd00::/64`, or a bare address. */
export function parseNet(text: string): Net | undefined {
  const [address = "", mask] = text.split("/");
  const words = addressWords(address);
  if (words === undefined) return undefined;
  return netOf(address, mask ?? words.length * 32);
}

const net4 = (text: string): Net => {
  const net = parseNet(text);
  if (net === undefined) throw new Error(`not a network: ${text}`);
  return net;
};

const LOOPBACK = net4("127.0.0.0/8");
const ZERO = net4("0.0.0.0/8");
const MULTICAST = net4("224.0.0.0/4");
const MULTICAST6 = net4("ff00::/8");
const LOOPBACK6 = net4("::1/128");
const LINK_LOCAL6 = net4("fe80::/10");

export const isLoopback = (words: Words): boolean => within(words, LOOPBACK) || within(words, LOOPBACK6);
export const isZeronet = (words: Words): boolean => within(words, ZERO);
export const isMulticast = (words: Words): boolean => within(words, MULTICAST) || within(words, MULTICAST6);
export const isLimitedBroadcast = (words: Words): boolean => words.length === 1 && words[0] === 0xffffffff;
export const isUnspecified = (words: Words): boolean => words.every((word) => word === 0);
export const isLinkLocal6 = (words: Words): boolean => within(words, LINK_LOCAL6);
