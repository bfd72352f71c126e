import { RuleSyntaxError } from "../../rule-syntax-error";
import type { ValueType } from "../../values/value-type";
import { option, target } from "../declare";
import { first } from "../option-values";

const ALL = 0xffffffff;

const bits: ValueType = {
  expected: "32 bits in hexadecimal",
  read: (word) => {
    if (!/^(?:0[xX])?[0-9a-fA-F]{1,8}$/.test(word))
      throw new RuleSyntaxError(`"${word}" is not a number of 32 bits`, "up to eight hexadecimal digits");
    return Number.parseInt(word, 16).toString(16);
  },
};

const MARKS = ["set-mark", "and-mark", "or-mark"];

/**
 * Sets the mark of the packet (xt_mark.c). The kernel stores a mark and a mask, from which arptables-save derives the
 * option that it prints (libxt_MARK.c).
 */
export const MARK = target("MARK", {
  families: ["arp"],
  oneOf: MARKS,
  options: MARKS.map((name) => option(name, bits, { excludes: MARKS.filter((each) => each !== name) })),
  print: (options, _variant, { iptables }) => {
    const [name = "set-mark"] = options.keys();
    const value = Number.parseInt(first(options, name), 16);
    const mark = name === "and-mark" ? 0 : value;
    const all = iptables.arpMarkHasMask ? ALL : 0;
    const mask = name === "and-mark" ? ALL - value : name === "or-mark" ? value : all;
    if (mark === 0) return `--and-mark ${(ALL - mask).toString(16)}`;
    return `--${mark === mask ? "or" : "set"}-mark ${mark.toString(16)}`;
  },
});
