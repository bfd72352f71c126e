import { RuleSyntaxError } from "../../rule-syntax-error";
import { U64 } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import { option, target } from "../declare";
import { sideEffectTarget } from "../shared/side-effect-target";

/** Like sscanf with %x:%x, ignores what follows the numbers. iptables stores 16 bits of each. */
const CLASS = /^\s*([+-]?(?:0[xX])?[0-9a-fA-F]+):\s*([+-]?(?:0[xX])?[0-9a-fA-F]+)/;

function sixteenBits(word: string): string {
  const digits = BigInt(`0x${word.replace(/^[+-]?(?:0[xX])?/, "")}`);
  const value = digits > U64 ? U64 : word.startsWith("-") ? -digits : digits;
  return BigInt.asUintN(16, value).toString(16).padStart(4, "0");
}

const classId: ValueType = {
  expected: "MAJOR:MINOR in hexadecimal",
  read: (word) => {
    const [, major, minor] = CLASS.exec(word) ?? [];
    if (major === undefined || minor === undefined)
      throw new RuleSyntaxError(`"${word}" is not a traffic class`, "MAJOR:MINOR in hexadecimal");
    return `${sixteenBits(major)}:${sixteenBits(minor)}`;
  },
};

/** Sets the priority of the packet, which chooses its traffic class (xt_CLASSIFY.c). */
export const CLASSIFY = target("CLASSIFY", {
  hooks: ["FORWARD", "OUTPUT", "POSTROUTING"],
  options: [option("set-class", classId, { required: true })],
  toAction: sideEffectTarget("CLASSIFY"),
});
