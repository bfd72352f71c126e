import { RuleSyntaxError } from "../../rule-syntax-error";
import { macMask } from "../../values/address/mac";
import { prefix } from "../../values/address/prefix";
import { etherType } from "../../values/ether-type";
import { interfaceName } from "../../values/interface-name";
import { readNumber } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import { invertible, match } from "../declare";
import type { ParsedOption } from "../extension";
import { first } from "../option-values";

const network = prefix({ cut: true, full: false });

const macs = macMask({ names: "resolved" });

/**
 * `VALUE[/MASK]`.
 *
 * @param base - the base of numbers without 0x. It differs between the options.
 */
function maskedNumber(
  what: string,
  names: Readonly<Record<string, number>>,
  base: 10 | 16,
  hex: boolean,
  most: number,
): ValueType {
  const read = (word: string): number => {
    const named = names[word.toLowerCase()];
    if (named !== undefined) return named;
    const value = readNumber(base === 16 && /^[0-9a-fA-F]+$/.test(word) ? `0x${word}` : word);
    if (value === undefined || value > BigInt(most))
      throw new RuleSyntaxError(`"${word}" is not ${what}`, `${what}, 0 to ${most}`);
    return Number(value);
  };
  const shown = (value: number): string => (hex ? `0x${value.toString(16)}` : String(value));
  return {
    expected: what,
    read: (word) => {
      const [value = "", mask] = word.split("/");
      const number = shown(read(value));
      return mask === undefined || read(mask) === most ? number : `${number}/${shown(read(mask))}`;
    },
  };
}

const OPCODES = {
  request: 1,
  reply: 2,
  request_reverse: 3,
  reply_reverse: 4,
  drarp_request: 5,
  drarp_reply: 6,
  drarp_error: 7,
  inarp_request: 8,
  arp_nak: 9,
};

const protoType: ValueType = {
  ...maskedNumber("a protocol type", {}, 10, true, 0xffff),
  read: (word, context) => {
    const [name = "", mask] = word.split("/");
    const named = /^\d/.test(name) ? undefined : etherType(name);
    const value = named === undefined ? name : String(named);
    return maskedNumber("a protocol type", {}, 10, true, 0xffff).read(
      mask === undefined ? value : `${value}/${mask}`,
      context,
    );
  },
};

/** Values that arptables leaves out because they match every packet. */
const matchesAll =
  (...values: readonly string[]) =>
  (given: ParsedOption): boolean =>
    !given.inverted && values.includes(given.values[0] ?? "");

/**
 * Matches fields of ARP packets and the interfaces (arp_tables.c). arptables has no `-m`, so that this is its only
 * match.
 */
export const header = match("header", {
  families: ["arp"],
  implicit: true,
  options: [
    invertible("in-interface", interfaceName, {
      letter: "i",
      isOmitted: matchesAll("+"),
    }),
    invertible("out-interface", interfaceName, {
      letter: "o",
      isOmitted: matchesAll("+"),
    }),
    invertible("source-ip", network, {
      letter: "s",
      aliases: ["source", "src-ip"],
      isOmitted: matchesAll("0.0.0.0/0"),
    }),
    invertible("src-mac", macs, { aliases: ["source-mac"] }),
    invertible("destination-ip", network, {
      letter: "d",
      aliases: ["destination", "dst-ip"],
      isOmitted: matchesAll("0.0.0.0/0"),
    }),
    invertible("dst-mac", macs, { aliases: ["destination-mac"] }),
    invertible("h-length", maskedNumber("a hardware address length", {}, 10, false, 255), {
      aliases: ["hlen"],
      isOmitted: matchesAll("6"),
    }),
    invertible("opcode", maskedNumber("an opcode", OPCODES, 10, false, 0xffff), {
      isOmitted: matchesAll("0"),
    }),
    invertible("h-type", maskedNumber("a hardware type", { ethernet: 1 }, 16, true, 0xffff), {
      isOmitted: matchesAll("0x0", "0x1"),
    }),
    invertible("proto-type", protoType, { isOmitted: matchesAll("0x0") }),
  ],
  check: (options) => {
    const length = first(options, "h-length", "6");
    if (!length.includes("/") && length !== "6")
      throw new RuleSyntaxError(
        `hardware addresses of ${length} bytes`,
        "6, because only Ethernet is supported",
      );
  },
});
