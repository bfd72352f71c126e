import type { Context } from "../../context";
import type { ValueType } from "../value-type";
import { noIpv4, noIpv6 } from "./address";
import { readHost, readIpv6Host } from "./host";
import { ipv4Text, readPadded } from "./ipv4";
import { ipv6Text, readIpv6 } from "./ipv6";
import {
  ipv4BaseMask,
  ipv4HostMask,
  ipv4Mask,
  ipv4MaskLength,
  ipv6BaseMask,
  ipv6HostMask,
  ipv6Mask,
  ipv6MaskLength,
} from "./mask";

/** How a prefix is read and printed. */
interface PrefixForm {
  /** Clear the bits outside the mask. */
  readonly cut: boolean;
  /** Print `/32` and `/128`. */
  readonly full: boolean;
  /**
   * Read the address and mask as most extensions do: `10.1` is 10.0.0.1, and iptables 1.8.9 replaces a mask with
   * holes by /32.
   */
  readonly host?: boolean;
  /** Ignore the address if the mask is 0, so that any word before `/0` is accepted. */
  readonly any?: boolean;
}

function ipv4Prefix(word: string, mask: string | undefined, form: PrefixForm, context: Context): string {
  const anything = form.any === true && /^0+(?:\.0+){0,3}$/.test(mask ?? "");
  if (!anything && word.includes(":") && readHost(word) === undefined && readIpv6(word)) throw noIpv4(word);
  const read = form.host === true ? ipv4HostMask : ipv4BaseMask;
  const bits = mask === undefined ? ipv4Mask(32) : read(mask, context);
  const nothing = bits === 0 && form.any === true;
  const value = nothing ? 0 : form.host === true ? readHost(word) : (readPadded(word) ?? readHost(word));
  if (value === undefined) throw noIpv4(word);
  const shown = ipv4Text(form.cut ? (value & bits) >>> 0 : value);
  const whole = ipv4MaskLength(bits);
  if (whole === 32 && !form.full) return shown;
  return `${shown}/${whole ?? ipv4Text(bits)}`;
}

function ipv6Prefix(word: string, mask: string | undefined, form: PrefixForm, context: Context): string {
  const read = form.host === true ? ipv6HostMask : ipv6BaseMask;
  const written = mask === undefined ? ipv6Mask(128) : read(mask, context);
  const nothing = form.any === true && written.every((part) => part === 0);
  const parts = nothing ? ipv6Mask(0) : readIpv6Host(word);
  if (!parts) throw noIpv6(word);
  const shown = ipv6Text(form.cut ? parts.map((part, index) => part & (written[index] ?? 0)) : parts);
  const whole = ipv6MaskLength(written);
  if (whole === 128 && !form.full) return shown;
  return `${shown}/${whole ?? ipv6Text(written)}`;
}

/** `ADDRESS[/LENGTH | /MASK]` of the rule's family. */
export function prefix(form: PrefixForm = { cut: true, full: true }): ValueType {
  return {
    expected: "an address or ADDRESS/LENGTH",
    read: (word, context) => {
      const slash = word.lastIndexOf("/");
      const host = slash < 0 ? word : word.slice(0, slash);
      const mask = slash < 0 ? undefined : word.slice(slash + 1);
      const read = context.family === "ipv6" ? ipv6Prefix : ipv4Prefix;
      return read(host, mask, form, context);
    },
  };
}

/** Parses canonical `ADDRESS[/MASK]`. A mask without holes is returned as its length. */
export function readPrefix(value: string, context: Context): { address: string; mask: string | number } {
  const slash = value.indexOf("/");
  if (slash < 0) return { address: value, mask: context.family === "ipv6" ? 128 : 32 };
  const mask = value.slice(slash + 1);
  return { address: value.slice(0, slash), mask: /^[0-9]+$/.test(mask) ? Number(mask) : mask };
}
