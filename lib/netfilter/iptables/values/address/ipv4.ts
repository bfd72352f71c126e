import { readNumber } from "../number";

const ZERO = 48;

/** The code of a dot, relative to that of the digit 0. */
const DOT = 46 - ZERO;

/** Reads an IPv4 address as inet_pton does: four decimal octets without leading zeros. */
export function readIpv4(word: string): number | undefined {
  let value = 0;
  let octets = 0;
  let octet = -1;
  for (let at = 0; at <= word.length; at++) {
    const digit = at < word.length ? word.charCodeAt(at) - ZERO : DOT;
    if (octet === 0 && digit >= 0 && digit <= 9) return undefined;
    if (digit >= 0 && digit <= 9) octet = Math.max(octet, 0) * 10 + digit;
    else if (digit !== DOT || octet < 0 || octets === 4) return undefined;
    else {
      value = value * 256 + octet;
      octets++;
      octet = -1;
    }
    if (octet > 255) return undefined;
  }
  return octets === 4 ? value : undefined;
}

/**
 * Reads an IPv4 address as `-s` and `-d` do (xtables.c, xtables_numeric_to_ipaddr): octets are written as in C (010
 * is 8, 0x0a is 10), and missing ones are zero, so that `10/8` is 10.0.0.0/8.
 */
export function readPadded(word: string): number | undefined {
  const plain = readIpv4(word);
  if (plain !== undefined) return plain;
  const octets = word.split(".").map(readNumber);
  if (octets.length > 4) return undefined;
  let value = 0;
  for (let index = 0; index < 4; index++) {
    const octet = index < octets.length ? octets[index] : 0n;
    if (octet === undefined || octet > 255n) return undefined;
    value = value * 256 + Number(octet);
  }
  return value;
}

export const ipv4Text = (value: number): string =>
  `${(value >>> 24) & 255}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
