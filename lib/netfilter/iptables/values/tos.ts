import { RuleSyntaxError } from "../rule-syntax-error";
import { readNumber } from "./number";
import type { ValueType } from "./value-type";

const SERVICES: readonly (readonly [string, number])[] = [
  ["Minimize-Delay", 0x10],
  ["Maximize-Throughput", 0x08],
  ["Maximize-Reliability", 0x04],
  ["Minimize-Cost", 0x02],
  ["Normal-Service", 0x00],
];

const hex2 = (value: number): string => `0x${value.toString(16).padStart(2, "0")}`;

/**
 * `VALUE[/MASK]` of the TOS byte, or one of its five names, which have the mask 0x3f (xtables_parse_tosmask).
 *
 * @param plainMask - the mask of a value without one.
 */
export function tosValue(plainMask = 0xff): ValueType {
  return {
    expected:
      "a TOS VALUE[/MASK] or one of Minimize-Delay, Maximize-Throughput, Maximize-Reliability, Minimize-Cost, Normal-Service",
    read: (word) => {
      const named = SERVICES.find(([name]) => name.toLowerCase() === word.toLowerCase());
      if (named) return `${hex2(named[1])}/0x3f`;
      const slash = word.indexOf("/");
      const value = readNumber(slash < 0 ? word : word.slice(0, slash));
      const mask = slash < 0 ? BigInt(plainMask) : readNumber(word.slice(slash + 1));
      if (value === undefined || value > 255n || mask === undefined || mask > 255n)
        throw new RuleSyntaxError(`"${word}" is not a TOS value`, tosValue().expected);
      return `${hex2(Number(value))}/${hex2(Number(mask))}`;
    },
  };
}
