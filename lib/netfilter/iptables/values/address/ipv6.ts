import { ipv4Text, readIpv4 } from "./ipv4";

/** Reads an IPv6 address as eight numbers of 16 bits. */
export function readIpv6(word: string): readonly number[] | undefined {
  const halves = word.split("::");
  if (halves.length > 2) return undefined;
  const [low = "", high] = halves;
  const left = groups(low);
  const right = high === undefined ? [] : groups(high);
  if (!left || !right) return undefined;
  const zeros = 8 - left.length - right.length;
  if (high === undefined ? zeros !== 0 : zeros < 1) return undefined;
  return [...left, ...new Array<number>(zeros).fill(0), ...right];
}

/**
 * Reads groups of 16 bits, the last of which may be an IPv4 address. ipaddr.js cannot be used: it reads `::1.2.3.4`
 * as IPv4-mapped, unlike inet_pton.
 */
function groups(text: string): number[] | undefined {
  if (text === "") return [];
  const parts: number[] = [];
  const words = text.split(":");
  for (const [index, word] of words.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(word)) parts.push(Number.parseInt(word, 16));
    else {
      const value = index === words.length - 1 && word.includes(".") ? readIpv4(word) : undefined;
      if (value === undefined) return undefined;
      parts.push(value >>> 16, value & 0xffff);
    }
  }
  return parts;
}

/**
 * Prints an IPv6 address as inet_ntop does (RFC 5952): `::` for the longest run of zeros, and dots in addresses that
 * hold an IPv4 address.
 */
export function ipv6Text(parts: readonly number[]): string {
  let best = -1;
  let length = 1;
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && parts[to] === 0) to++;
    if (to - from > length) {
      best = from;
      length = to - from;
    }
    if (to > from) from = to;
  }
  const dotted =
    best === 0 && (length === 6 || (length === 7 && parts[7] !== 1) || (length === 5 && parts[5] === 0xffff));
  const groups = parts.map((part) => part.toString(16));
  const last = dotted && length < 7 ? [ipv4Text((parts[6] ?? 0) * 65536 + (parts[7] ?? 0))] : groups.slice(6);
  const all = [...groups.slice(0, 6), ...last];
  if (best < 0) return all.join(":");
  return `${all.slice(0, best).join(":")}::${all.slice(best + length).join(":")}`;
}
