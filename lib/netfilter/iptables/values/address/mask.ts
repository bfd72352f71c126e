import type { Context } from "../../context";
import { RuleSyntaxError } from "../../rule-syntax-error";
import { readNumber } from "../number";
import type { ValueType } from "../value-type";
import { readHost, readIpv6Host } from "./host";
import { readIpv6 } from "./ipv6";

export const ipv4Mask = (length: number): number => (length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0);

/** Length of a mask without holes, or undefined. */
export function ipv4MaskLength(mask: number): number | undefined {
  for (let length = 0; length <= 32; length++) if (ipv4Mask(length) === mask) return length;
  return undefined;
}

export const ipv6Mask = (length: number): readonly number[] =>
  Array.from({ length: 8 }, (_, index) => {
    const bits = Math.min(16, Math.max(0, length - index * 16));
    return bits === 0 ? 0 : (0xffff << (16 - bits)) & 0xffff;
  });

export function ipv6MaskLength(mask: readonly number[]): number | undefined {
  for (let length = 0; length <= 128; length++) {
    const wanted = ipv6Mask(length);
    if (wanted.every((part, index) => part === mask[index])) return length;
  }
  return undefined;
}

const badMask = (mask: string, most: number): RuleSyntaxError =>
  new RuleSyntaxError(`"${mask}" is not a mask`, `a length, 0 to ${most}, or a mask written as an address`);

const bitsOf = (family: Context["family"]): number => (family === "ipv6" ? 128 : 32);

/**
 * A mask as most extensions read it (xtoptions.c, xtopt_parse_plen): a length as C writes numbers, or a mask written as an
 * address, which libc reads: 255.0 is 255.0.0.0, 0xff000000 too.
 */
function readIpv4Mask(word: string): number {
  const value = readNumber(word);
  if (value !== undefined && value <= 32n) return ipv4Mask(Number(value));
  const mask = readHost(word);
  if (mask === undefined) throw badMask(word, 32);
  return mask;
}

function readIpv6Mask(word: string): readonly number[] {
  const value = readNumber(word);
  if (value !== undefined && value <= 128n) return ipv6Mask(Number(value));
  const mask = readIpv6Host(word);
  if (!mask) throw badMask(word, 128);
  return mask;
}

/** The mask behind an address, as most extensions read it. */
export function ipv4HostMask(word: string, { iptables }: Context): number {
  const mask = readIpv4Mask(word);
  return iptables.masksWithHoles || ipv4MaskLength(mask) !== undefined ? mask : ipv4Mask(32);
}

export function ipv6HostMask(word: string, { iptables }: Context): readonly number[] {
  const mask = readIpv6Mask(word);
  return iptables.masksWithHoles || ipv6MaskLength(mask) !== undefined ? mask : ipv6Mask(128);
}

/** A mask in parts of 32 bits. */
const quads = (parts: readonly number[]): readonly number[] =>
  parts.flatMap((part, index) => (index % 2 === 0 ? [((part << 16) | (parts[index + 1] ?? 0)) >>> 0] : []));

/**
 * The length of a prefix.
 *
 * @param holes - what iptables-save prints for a mask with holes, in parts of 32 bits, where iptables keeps such a mask;
 *   `refused` where the kernel does not take it.
 */
export const prefixLength = (holes: "refused" | ((mask: readonly number[]) => string)): ValueType => ({
  what: "a prefix length",
  read: (word, { family, iptables }) => {
    const mask = family === "ipv6" ? readIpv6Mask(word) : readIpv4Mask(word);
    const length = typeof mask === "number" ? ipv4MaskLength(mask) : ipv6MaskLength(mask);
    if (length !== undefined) return String(length);
    if (holes === "refused") throw badMask(word, bitsOf(family));
    if (!iptables.masksWithHoles) return String(bitsOf(family));
    return holes(typeof mask === "number" ? [mask] : quads(mask));
  },
});

/** The mask of `-s` and `-d` as a length, or with its holes (xtables.c, parse_ipmask). */
export function ipv4BaseMask(word: string): number {
  const octets = word.split(".").map(readNumber);
  if (octets.length === 4 && octets.every((octet) => octet !== undefined && octet <= 255n))
    return octets.reduce<number>((mask, octet) => mask * 256 + Number(octet), 0);
  const length = readNumber(word);
  if (length === undefined || length > 32n) throw badMask(word, 32);
  return ipv4Mask(Number(length));
}

/** As for IPv4: a mask that stands as an address comes first. */
export function ipv6BaseMask(word: string): readonly number[] {
  const parts = readIpv6(word);
  if (parts) return parts;
  const length = readNumber(word);
  if (length === undefined || length > 128n) throw badMask(word, 128);
  return ipv6Mask(Number(length));
}
