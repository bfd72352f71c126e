import { RuleSyntaxError } from "../../rule-syntax-error";
import { list } from "../../values/list";
import { number, readNumber, U8, U32 } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import { invertible, match, option } from "../declare";
import type { Extension } from "../extension";

/** Most options that the kernel's struct holds (IP6T_OPTS_OPTSNR). */
const MOST_OPTIONS = 16;

/** iptables uses the last eight bits of a number (libip6t_hbh.c, parse_opts_num). */
function byte(word: string, what: string): number {
  const value = readNumber(word.replace(/^-(?=\d)/, ""));
  if (value === undefined) throw new RuleSyntaxError(`"${word}" is not ${what}`, `${what}, 0 to ${U8}`);
  return Number(BigInt.asUintN(8, word.startsWith("-") ? -value : value));
}

const headerOptions: ValueType = list(
  {
    expected: "TYPE[:LENGTH]",
    read: (word) => {
      const [type = "", size, ...more] = word.split(":");
      const shown = byte(type, "an option's type");
      if (more.length > 0) throw new RuleSyntaxError(`"${word}" has too many parts`, "TYPE[:LENGTH]");
      if (shown === 0 && size !== undefined)
        throw new RuleSyntaxError(`option "${word}" has a length`, "0 without a length: Pad1 has none");
      const length = size === undefined ? U8 : byte(size, "an option's length");
      // 255 stands for any length (libip6t_hbh.c).
      return length === U8 ? String(shown) : `${shown}:${length}`;
    },
  },
  MOST_OPTIONS,
);

/** Declares the match of the hop-by-hop or the destination options header. */
export const extensionHeader = (name: "hbh" | "dst"): Extension =>
  match(name, {
    families: ["ipv6"],
    options: [invertible(`${name}-len`, number(0, U32)), option(`${name}-opts`, headerOptions)],
  });
