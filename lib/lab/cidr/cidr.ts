import ipaddr from "ipaddr.js";
import { LabError } from "../../engine/errors/lab-error";

/** A range of IPv4 addresses. */
export interface Cidr {
  /** `10.244.1.0/24`: the first address and the length of the prefix. */
  readonly text: string;
  /** The first address as a number. */
  readonly first: number;
  readonly prefixLength: number;
  /** Number of addresses, including the first (network) and the last (broadcast). */
  readonly size: number;
}

/**
 * Parses a range such as `10.244.1.0/24`.
 *
 * @param text - first address, slash and prefix length.
 * @param where - what the range is for, for the error.
 * @throws LabError `BAD_ADDRESS` if it is not an IPv4 range, or doesn't start with its first address.
 */
export function parseCidr(text: string, where: string): Cidr {
  if (!/^\d+\.\d+\.\d+\.\d+\/\d+$/.test(text) || !ipaddr.IPv4.isValidCIDR(text)) {
    throw new LabError("BAD_ADDRESS", {
      where,
      found: `${text} is not a range of IPv4 addresses`,
      advice: "Use the first address, a slash and the prefix length, as in 10.244.1.0/24.",
    });
  }
  const [, prefixLength] = ipaddr.IPv4.parseCIDR(text);
  const first = ipaddr.IPv4.networkAddressFromCIDR(text).toString();
  const canonical = `${first}/${prefixLength}`;
  if (canonical !== text) {
    throw new LabError("BAD_ADDRESS", {
      where,
      found: `${text} does not start with the first address of the range`,
      advice: `Write the range that contains it: ${canonical}.`,
    });
  }
  return { text, first: toNumber(first), prefixLength, size: 2 ** (32 - prefixLength) };
}

/** Returns true if the two ranges share at least one address. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.first < b.first + b.size && b.first < a.first + a.size;
}

/** Returns true if `outer` contains all of `inner`, a range or an address. */
export function contains(outer: Cidr, inner: Cidr | string): boolean {
  const { first, size } = typeof inner === "string" ? { first: toNumber(inner), size: 1 } : inner;
  return outer.first <= first && first + size <= outer.first + outer.size;
}

/** Returns the address `index` after the first one. */
export function addressAt(range: Cidr, index: number): string {
  return toAddress(range.first + index);
}

/** Splits a range into chunks of this prefix length, in order. */
export function* chunksOf(range: Cidr, prefixLength: number): Generator<Cidr> {
  const size = 2 ** (32 - prefixLength);
  for (let first = range.first; first + size <= range.first + range.size; first += size)
    yield { text: `${toAddress(first)}/${prefixLength}`, first, prefixLength, size };
}

function toNumber(address: string): number {
  return ipaddr.IPv4.parse(address)
    .toByteArray()
    .reduce((sum, byte) => sum * 256 + byte, 0);
}

function toAddress(number: number): string {
  return ipaddr.fromByteArray([24, 16, 8, 0].map((shift) => (number >>> shift) & 255)).toString();
}
