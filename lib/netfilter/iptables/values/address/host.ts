import { readNumber } from "../number";
import { readIpv4 } from "./ipv4";
import { readIpv6 } from "./ipv6";

/**
 * Reads an IPv4 address as getaddrinfo does, which most extensions use. As in inet_aton(3), the last number fills the
 * remaining octets: `10.1` is 10.0.0.1.
 */
export function readHost(word: string): number | undefined {
  const plain = readIpv4(word);
  if (plain !== undefined) return plain;
  const mapped = word.includes(":") ? readIpv6(word) : undefined;
  if (mapped?.slice(0, 6).every((part, index) => part === (index < 5 ? 0 : 0xffff)))
    return (mapped[6] ?? 0) * 65536 + (mapped[7] ?? 0);
  if (!/^[0-9]/.test(word)) return undefined;
  const parts = word.split(".").map(readNumber);
  const last = parts.pop();
  if (parts.length > 3 || last === undefined || last >= 256n ** BigInt(4 - parts.length)) return undefined;
  let value = 0;
  for (const part of parts) {
    if (part === undefined || part > 255n) return undefined;
    value = value * 256 + Number(part);
  }
  return value * 256 ** (4 - parts.length) + Number(last);
}

/**
 * Reads an IPv6 address as getaddrinfo does. A zone such as `%lo` is accepted and dropped. Other names of zones
 * depend on the machine.
 */
export function readIpv6Host(word: string): readonly number[] | undefined {
  const percent = word.indexOf("%");
  if (percent < 0) return readIpv6(word);
  const parts = readIpv6(word.slice(0, percent));
  const zone = word.slice(percent + 1);
  const first = parts?.[0] ?? 0;
  const linkLocal = (first & 0xffc0) === 0xfe80 || (first & 0xff0f) === 0xff02;
  return /^\d+$/.test(zone) || (zone === "lo" && linkLocal) ? parts : undefined;
}
