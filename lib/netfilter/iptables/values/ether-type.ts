import { RuleSyntaxError } from "../rule-syntax-error";
import { hexWord } from "./hex";
import { readNumber } from "./number";
import type { ValueType } from "./value-type";

/** The names of EtherTypes in Debian's /etc/ethertypes (IANA, ieee-802-numbers). The first one is printed. */
const TYPES: readonly (readonly [number, ...string[]])[] = [
  [0x0800, "IPv4", "ip", "ip4"],
  [0x0805, "X25"],
  [0x0806, "ARP", "ether-arp"],
  [0x0808, "FR_ARP"],
  [0x08ff, "BPQ"],
  [0x22f3, "TRILL"],
  [0x22f4, "L2-IS-IS"],
  [0x6558, "TEB"],
  [0x6559, "RAW_FR"],
  [0x8035, "RARP"],
  [0x809b, "ATALK"],
  [0x80f3, "AARP"],
  [0x8100, "802_1Q", "8021q", "1q", "802.1q", "dot1q"],
  [0x8137, "IPX"],
  [0x8191, "NetBEUI"],
  [0x86dd, "IPv6", "ip6"],
  [0x880b, "PPP"],
  [0x8847, "MPLS"],
  [0x8848, "MPLS_MULTI"],
  [0x884c, "ATMMPOA"],
  [0x8863, "PPP_DISC"],
  [0x8864, "PPP_SES"],
  [0x8884, "ATMFATE"],
  [0x888e, "EAPOL"],
  [0x88a8, "S-TAG"],
  [0x88c7, "EAP_PREAUTH"],
  [0x88cc, "LLDP"],
  [0x88e5, "MACSEC"],
  [0x88e7, "PBB", "macinmac"],
  [0x88f5, "MVRP"],
  [0x88f7, "PTP"],
  [0x8906, "FCOE"],
  [0x8914, "FIP"],
  [0x8915, "ROCE"],
  [0xa0ed, "LoWPAN"],
];

/** The number of an EtherType that is written as a name, in any case, or as a number. */
export function etherType(word: string): number | undefined {
  const lower = word.toLowerCase();
  const named = TYPES.find(([, ...names]) => names.some((name) => name.toLowerCase() === lower));
  if (named) return named[0];
  const value = readNumber(word);
  return value !== undefined && value <= 0xffffn ? Number(value) : undefined;
}

/** The name of an EtherType, or its number in hexadecimal. */
const etherName = (type: number): string =>
  TYPES.find(([each]) => each === type)?.[1] ?? `0x${type.toString(16)}`;

/** Stands for `-p Length`: frames whose type field is a length (IEEE 802.3). */
export const LENGTH = 1;

/** Smaller values of the type field are lengths. */
const LEAST = 0x600;

export const frameType: ValueType = {
  expected: "an EtherType by name or number, or LENGTH",
  read: (word) => {
    if (word.toLowerCase() === "length") return "Length";
    const type = etherType(hexWord(word));
    if (type === undefined || type < LEAST)
      throw new RuleSyntaxError(
        `"${word}" is not an EtherType`,
        "a name such as IPv4 or ARP, or 0x0600 to 0xffff",
      );
    return etherName(type);
  },
};
