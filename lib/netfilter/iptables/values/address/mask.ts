import type { Context } from "../../context";
import { RuleSyntaxError } from "../../rule-syntax-error";
import { readNumber } from "../number";
import type { ValueType } from "../value-type";
import { readHost, readIpv6Host } from "./host";
import { readIpv6 } from "./ipv6";

export const ipv4Mask = (length: number): number => (length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0);

/** The length of a mask. Undefined if the mask has holes. */
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
 * Reads a mask as most extensions do (xtoptions.c, xtopt_parse_plen): a length, or an address as libc reads it, so that
 * 255.0 and 0xff000000 are 255.0.0.0.
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

/** Reads the mask after an address, as most extensions do. */
export function ipv4HostMask(word: string, { iptables }: Context): number {
  const mask = readIpv4Mask(word);
  return iptables.masksWithHoles || ipv4MaskLength(mask) !== undefined ? mask : ipv4Mask(32);
}

/** Reads the mask after an address, as most extensions do. */
export function ipv6HostMask(word: string, { iptables }: Context): readonly number[] {
  const mask = readIpv6Mask(word);
  return iptables.masksWithHoles || ipv6MaskLength(mask) !== undefined ? mask : ipv6Mask(128);
}

/** Joins parts of 16 bits to parts of 32 bits. */
const quads = (parts: readonly number[]): readonly number[] =>
  parts.flatMap((part, index) => (index % 2 === 0 ? [((part << 16) | (parts[index + 1] ?? 0)) >>> 0] : []));

/**
 * The length of a prefix.
 *
 * @param holes - prints a mask with holes, given in parts of 32 bits, if iptables stores such masks. `refused`: the
 * kernel refuses them.
 */
export const prefixLength = (holes: "refused" | ((mask: readonly number[]) => string)): ValueType => ({
  expected: "a prefix length",
  read: (word, { family, iptables }) => {
    const mask = family === "ipv6" ? readIpv6Mask(word) : readIpv4Mask(word);
    const length = typeof mask === "number" ? ipv4MaskLength(mask) : ipv6MaskLength(mask);
    if (length !== undefined) return String(length);
    if (holes === "refused") throw badMask(word, bitsOf(family));
    if (!iptables.masksWithHoles) return String(bitsOf(family));
    return holes(typeof mask === "number" ? [mask] : quads(mask));
  },
});

/** Reads the mask after `-s` or `-d`, which may have holes (xtables.c, parse_ipmask). */
export function ipv4BaseMask(word: string): number {
  const octets = word.split(".").map(readNumber);
  if (octets.length === 4 && octets.every((octet) => octet !== undefined && octet <= 255n))
    return octets.reduce<number>((mask, octet) => mask * 256 + Number(octet), 0);
  const length = readNumber(word);
  if (length === undefined || length > 32n) throw badMask(word, 32);
  return ipv4Mask(Number(length));
}

/** Reads the mask after `-s` or `-d`: an address if it can be one, or a length. */
export function ipv6BaseMask(word: string): readonly number[] {
  const parts = readIpv6(word);
  if (parts) return parts;
  const length = readNumber(word);
  if (length === undefined || length > 128n) throw badMask(word, 128);
  return ipv6Mask(Number(length));
}
