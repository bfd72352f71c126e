import { RuleSyntaxError } from "../../rule-syntax-error";
import type { ValueType } from "../value-type";

/** A MAC address. Printed as six octets in lower-case hexadecimal. */
export const macAddress: ValueType = {
  expected: "a MAC address",
  read: (word) => {
    if (!/^(?:[0-9a-fA-F]{1,2}:){5}[0-9a-fA-F]{1,2}$/.test(word))
      throw new RuleSyntaxError(`"${word}" is not a MAC address`, "six pairs such as 02:42:ac:11:00:02");
    return word
      .split(":")
      .map((octet) => octet.toLowerCase().padStart(2, "0"))
      .join(":");
  },
};

const octets = (word: string): readonly number[] | undefined =>
  /^(?:[0-9a-fA-F]{1,2}:){5}[0-9a-fA-F]{1,2}$/.test(word)
    ? word.split(":").map((each) => Number.parseInt(each, 16))
    : undefined;

const text = (parts: readonly number[]): string =>
  parts.map((part) => part.toString(16).padStart(2, "0")).join(":");

/** Names for groups of addresses (ebtables(8), -s). */
const NAMED: readonly (readonly [string, string])[] = [
  ["Unicast", "00:00:00:00:00:00/01:00:00:00:00:00"],
  ["Multicast", "01:00:00:00:00:00/01:00:00:00:00:00"],
  ["Broadcast", "ff:ff:ff:ff:ff:ff"],
  ["BGA", "01:80:c2:00:00:00"],
];

/**
 * `MAC[/MASK]`, or the name of a group of addresses.
 *
 * @param form.names - whether a group is printed by its name, or as the address and mask that it stands for.
 */
export function macMask(form: { readonly names: "printed" | "resolved" }): ValueType {
  return {
    expected: "a MAC address, MAC/MASK, Unicast, Multicast, Broadcast or BGA",
    read: (word) => {
      const named = NAMED.find(([name]) => name.toLowerCase() === word.toLowerCase());
      if (named) return form.names === "printed" ? named[0] : named[1];
      const [address = "", mask] = word.split("/");
      const parts = octets(address);
      const bits = mask === undefined ? [255, 255, 255, 255, 255, 255] : octets(mask);
      if (!parts || !bits)
        throw new RuleSyntaxError(`"${word}" is not a MAC address`, macMask(form).expected);
      const shown = text(parts.map((part, index) => part & (bits[index] ?? 0)));
      const whole = bits.every((each) => each === 255) ? shown : `${shown}/${text(bits)}`;
      return form.names === "printed" ? (NAMED.find(([, each]) => each === whole)?.[0] ?? whole) : whole;
    },
  };
}
