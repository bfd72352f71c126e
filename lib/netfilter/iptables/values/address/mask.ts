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
 * A length by itself as most extensions read it (xtoptions.c, xtopt_parse_plen): a number as C writes it, or a mask
 * written as an address, which libc reads: 255.0 is 255.0.0.0, 0xff000000 too.
 *
 * @returns undefined where the mask has holes.
 */
export function readLength(word: string, { family }: Context): number | undefined {
  const most = bitsOf(family);
  const value = readNumber(word);
  if (value !== undefined && value <= BigInt(most)) return Number(value);
  if (family === "ipv6") {
    const parts = readIpv6Host(word);
    if (!parts) throw badMask(word, most);
    return ipv6MaskLength(parts);
  }
  const mask = readHost(word);
  if (mask === undefined) throw badMask(word, most);
  return ipv4MaskLength(mask);
}

/** The length of a prefix; a mask with holes becomes a whole address, or is refused by the kernel. */
export const prefixLength = (holes: "whole" | "refused"): ValueType => ({
  what: "a prefix length",
  read: (word, context) => {
    const length = readLength(word, context);
    if (length === undefined && holes === "refused") throw badMask(word, bitsOf(context.family));
    return String(length ?? bitsOf(context.family));
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
