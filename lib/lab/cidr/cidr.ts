import ipaddr from "ipaddr.js";
import { LabError } from "../../engine/errors/lab-error";

/** A range of IPv4 addresses, as a route or a bridge has it. */
export interface Cidr {
  /** `10.244.1.0/24`: the first address and the length of the prefix. */
  readonly text: string;
  /** The first address as a number. */
  readonly first: number;
  readonly prefixLength: number;
  /** How many addresses it has, the first (network) and the last (broadcast) counted. */
  readonly size: number;
}

/**
 * Reads `10.244.1.0/24`.
 *
 * @param text - address, slash and length of the prefix.
 * @param where - what it is for; begins the message when it is refused.
 * @throws LabError `BAD_ADDRESS` for anything that is no IPv4 range, or whose address is not its first one.
 */
export function parseCidr(text: string, where: string): Cidr {
  if (!/^\d+\.\d+\.\d+\.\d+\/\d+$/.test(text) || !ipaddr.IPv4.isValidCIDR(text)) {
    throw new LabError("BAD_ADDRESS", {
      where,
      found: `${text} is not a range of IPv4 addresses`,
      advice: "Write the first address, a slash and the length of the prefix, as in 10.244.1.0/24.",
    });
  }
  const [, prefixLength] = ipaddr.IPv4.parseCIDR(text);
  const first = ipaddr.IPv4.networkAddressFromCIDR(text).toString();
  const canonical = `${first}/${prefixLength}`;
  if (canonical !== text) {
    throw new LabError("BAD_ADDRESS", {
      where,
      found: `${text} does not begin at its first address`,
      advice: `The range that this address is in is ${canonical}.`,
    });
  }
  return { text, first: toNumber(first), prefixLength, size: 2 ** (32 - prefixLength) };
}

/** True when the two ranges share at least one address. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.first < b.first + b.size && b.first < a.first + a.size;
}

/** True when all of `inner`, a range or one address, lies in `outer`. */
export function contains(outer: Cidr, inner: Cidr | string): boolean {
  const { first, size } = typeof inner === "string" ? { first: toNumber(inner), size: 1 } : inner;
  return outer.first <= first && first + size <= outer.first + outer.size;
}

/** The address that stands `index` places after the first. */
export function addressAt(range: Cidr, index: number): string {
  return toAddress(range.first + index);
}

/** All parts of `range` that have this prefix length, in order: how a cluster's range is split among its nodes. */
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
