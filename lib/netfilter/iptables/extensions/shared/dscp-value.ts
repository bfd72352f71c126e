import { RuleSyntaxError } from "../../rule-syntax-error";
import { readNumber } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import type { Options, ParsedOption } from "../extension";
import { first } from "../option-values";

const CLASSES: readonly (readonly [string, number])[] = [
  ["BE", 0],
  ["EF", 0x2e],
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((each): [string, number] => [`CS${each}`, each * 8]),
  ...[1, 2, 3, 4].flatMap((each) =>
    [1, 2, 3].map((drop): [string, number] => [`AF${each}${drop}`, each * 8 + drop * 2]),
  ),
];

export const dscpValue: ValueType = {
  expected: "a DSCP value, 0 to 0x3f",
  read: (word) => {
    const value = readNumber(word);
    if (value === undefined || value > 63n)
      throw new RuleSyntaxError(`"${word}" is not a DSCP value`, "0 to 0x3f");
    return `0x${value.toString(16).padStart(2, "0")}`;
  },
};

export const dscpClass: ValueType = {
  expected: "a class such as EF, CS1 or AF21",
  read: (word) => {
    // iptables ignores what follows the name.
    const found = CLASSES.find(([name]) => word.toUpperCase().startsWith(name));
    if (!found)
      throw new RuleSyntaxError(`"${word}" is not a DiffServ class`, "BE, EF, CS0 to CS7, AF11 to AF43");
    return `0x${found[1].toString(16).padStart(2, "0")}`;
  },
};

export const as =
  (name: string) =>
  (given: ParsedOption): readonly [string, ParsedOption] => [name, given];

export const dscpBits = (options: Options, name: string): { value: number; mask: number } => ({
  value: Number(first(options, name)) << 2,
  mask: 0xfc,
});
