import { type Context, type Kind, Refusal } from "../extensions/declare";
import { readNumber } from "./numbers";

const ZERO = 48;
/** A dot, counted from the digit zero. */
const DOT = 46 - ZERO;

/** Four octets as one number, as inet_pton reads them: all four, in decimal, without leading zeros. */
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
 * As `-s` and `-d` read it: octets as C writes numbers (010 is 8, 0x0a is 10), and those that are missing are zero, so that
 * `10/8` is 10.0.0.0/8 (xtables.c, xtables_numeric_to_ipaddr).
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

/**
 * As most extensions read a host: by getaddrinfo, whose last number fills all octets that are left (inet_aton(3)), so that
 * `10.1` is 10.0.0.1.
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

export const ipv4Text = (value: number): string =>
  `${(value >>> 24) & 255}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;

/** Sixteen bits in eight parts, or undefined. */
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

/** An IPv6 address as getaddrinfo reads it: perhaps with a zone, which is not kept. Only `lo` has the same name everywhere. */
function readIpv6Host(word: string): readonly number[] | undefined {
  const percent = word.indexOf("%");
  if (percent < 0) return readIpv6(word);
  const parts = readIpv6(word.slice(0, percent));
  const zone = word.slice(percent + 1);
  const first = parts?.[0] ?? 0;
  const linkLocal = (first & 0xffc0) === 0xfe80 || (first & 0xff0f) === 0xff02;
  return /^\d+$/.test(zone) || (zone === "lo" && linkLocal) ? parts : undefined;
}

/** Groups of 16 bits; the last may be an IPv4 address. ipaddr.js reads `::1.2.3.4` as mapped, inet_pton does not. */
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

/** As inet_ntop writes it: the longest run of zeros as `::`, IPv4-mapped and -compatible with dots (RFC 5952). */
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

const noIpv4 = (word: string): Refusal =>
  new Refusal(
    `"${word}" is not an IPv4 address`,
    "an IPv4 address such as 10.0.0.1",
    readIpv6(word)
      ? "It is one of IPv6: rules of ip6tables stand in a file of their own (wirebook rules --ipv6)."
      : "Names are not looked up; write the address.",
  );

const noIpv6 = (word: string): Refusal =>
  new Refusal(
    `"${word}" is not an IPv6 address`,
    "an IPv6 address such as fd00::1",
    readIpv4(word) === undefined
      ? ""
      : "It is one of IPv4: rules of iptables stand in a file of their own (wirebook rules without --ipv6).",
  );

/**
 * An address of the rule's family, canonical.
 *
 * @param read - how IPv4 is read. Default: as inet_pton does, which is what the targets of NAT ask.
 */
export function readAddress(word: string, context: Context, read = readIpv4): string {
  if (context.family === "ipv6") {
    const parts = read === readHost ? readIpv6Host(word) : readIpv6(word);
    if (parts) return ipv6Text(parts);
    throw noIpv6(word);
  }
  const value = read(word);
  if (value === undefined) throw noIpv4(word);
  return ipv4Text(value);
}

export const address: Kind = {
  what: "an address",
  read: (word, context) => readAddress(word, context, readHost),
};

const ipv4Mask = (length: number): number => (length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0);

/** Length of a mask without holes, or undefined. */
export function ipv4MaskLength(mask: number): number | undefined {
  for (let length = 0; length <= 32; length++) if (ipv4Mask(length) === mask) return length;
  return undefined;
}

const ipv6Mask = (length: number): readonly number[] =>
  Array.from({ length: 8 }, (_, index) => {
    const bits = Math.min(16, Math.max(0, length - index * 16));
    return bits === 0 ? 0 : (0xffff << (16 - bits)) & 0xffff;
  });

function ipv6MaskLength(mask: readonly number[]): number | undefined {
  for (let length = 0; length <= 128; length++) {
    const wanted = ipv6Mask(length);
    if (wanted.every((part, index) => part === mask[index])) return length;
  }
  return undefined;
}

/** How a prefix is cut and printed. */
export interface PrefixForm {
  /** Bits outside the mask are cleared. */
  readonly cut: boolean;
  /** `/32` and `/128` are printed. */
  readonly full: boolean;
  /** Read as most extensions do: `10.1` is 10.0.0.1, and a mask with holes becomes a whole address. */
  readonly host?: boolean;
  /** Where the mask leaves nothing, the name is not looked at: any/0. */
  readonly any?: boolean;
}

const badMask = (mask: string, most: number): Refusal =>
  new Refusal(`"${mask}" is not a mask`, `a length, 0 to ${most}, or a mask written as an address`);

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
export const prefixLength = (holes: "whole" | "refused"): Kind => ({
  what: "a prefix length",
  read: (word, context) => {
    const length = readLength(word, context);
    if (length === undefined && holes === "refused") throw badMask(word, bitsOf(context.family));
    return String(length ?? bitsOf(context.family));
  },
});

/** The mask of `-s` and `-d` as a length, or with its holes (xtables.c, parse_ipmask). */
function ipv4BaseMask(word: string): number {
  const octets = word.split(".").map(readNumber);
  if (octets.length === 4 && octets.every((octet) => octet !== undefined && octet <= 255n))
    return octets.reduce<number>((mask, octet) => mask * 256 + Number(octet), 0);
  const length = readNumber(word);
  if (length === undefined || length > 32n) throw badMask(word, 32);
  return ipv4Mask(Number(length));
}

function ipv4Prefix(word: string, mask: string | undefined, form: PrefixForm, context: Context): string {
  const anything = form.any === true && /^0+(?:\.0+){0,3}$/.test(mask ?? "");
  if (!anything && word.includes(":") && readHost(word) === undefined && readIpv6(word)) throw noIpv4(word);
  const length = form.host === true && mask !== undefined ? (readLength(mask, context) ?? 32) : undefined;
  const bits = length !== undefined ? ipv4Mask(length) : mask === undefined ? 0xffffffff : ipv4BaseMask(mask);
  const nothing = bits === 0 && form.any === true;
  const value = nothing ? 0 : form.host === true ? readHost(word) : (readPadded(word) ?? readHost(word));
  if (value === undefined) throw noIpv4(word);
  const shown = ipv4Text(form.cut ? (value & bits) >>> 0 : value);
  const whole = ipv4MaskLength(bits);
  if (whole === 32 && !form.full) return shown;
  return `${shown}/${whole ?? ipv4Text(bits)}`;
}

/** As for IPv4: a mask that stands as an address comes first. */
function ipv6BaseMask(word: string): readonly number[] {
  const parts = readIpv6(word);
  if (parts) return parts;
  const length = readNumber(word);
  if (length === undefined || length > 128n) throw badMask(word, 128);
  return ipv6Mask(Number(length));
}

function ipv6Prefix(word: string, mask: string | undefined, form: PrefixForm, context: Context): string {
  const length = form.host === true && mask !== undefined ? (readLength(mask, context) ?? 128) : undefined;
  const bits = ipv6Mask(length ?? 128);
  const written = length === undefined && mask !== undefined ? ipv6BaseMask(mask) : bits;
  const nothing = form.any === true && written.every((part) => part === 0);
  const parts = nothing ? ipv6Mask(0) : readIpv6Host(word);
  if (!parts) throw noIpv6(word);
  const shown = ipv6Text(form.cut ? parts.map((part, index) => part & (written[index] ?? 0)) : parts);
  const whole = ipv6MaskLength(written);
  if (whole === 128 && !form.full) return shown;
  return `${shown}/${whole ?? ipv6Text(written)}`;
}

/** `ADDRESS[/LENGTH | /MASK]` of the rule's family. */
export function prefix(form: PrefixForm = { cut: true, full: true }): Kind {
  return {
    what: "an address or ADDRESS/LENGTH",
    read: (word, context) => {
      const slash = word.lastIndexOf("/");
      const host = slash < 0 ? word : word.slice(0, slash);
      const mask = slash < 0 ? undefined : word.slice(slash + 1);
      const read = context.family === "ipv6" ? ipv6Prefix : ipv4Prefix;
      return read(host, mask, form, context);
    },
  };
}

/** Splits canonical `ADDRESS[/MASK]`; the mask is a number where it has no holes. */
export function readPrefix(value: string, context: Context): { address: string; mask: string | number } {
  const slash = value.indexOf("/");
  if (slash < 0) return { address: value, mask: context.family === "ipv6" ? 128 : 32 };
  const mask = value.slice(slash + 1);
  return { address: value.slice(0, slash), mask: /^[0-9]+$/.test(mask) ? Number(mask) : mask };
}

/** Six octets in lower-case hexadecimal. */
export const mac: Kind = {
  what: "a MAC address",
  read: (word) => {
    if (!/^(?:[0-9a-fA-F]{1,2}:){5}[0-9a-fA-F]{1,2}$/.test(word))
      throw new Refusal(`"${word}" is not a MAC address`, "six pairs such as 02:42:ac:11:00:02");
    return word
      .split(":")
      .map((octet) => octet.toLowerCase().padStart(2, "0"))
      .join(":");
  },
};
