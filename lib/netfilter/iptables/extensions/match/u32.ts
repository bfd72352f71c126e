import { RuleSyntaxError } from "../../rule-syntax-error";
import { whole } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import { invertible, match } from "../declare";

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** `LOCATION=VALUES[&&…]`. iptables-save prints numbers in hexadecimal, without spaces. */
const tests: ValueType = {
  expected: "tests such as 0>>22&0x3C@0=0x1:0x2",
  quoted: "always",
  read: (word) => {
    const compact = word.replace(/\s+/g, "");
    const shown = compact.split("&&").map((test) => {
      const at = test.indexOf("=");
      if (at < 0) throw new RuleSyntaxError(`"${test}" has no "="`, "LOCATION=VALUE");
      const number32 = (part: string): string => hex(whole(part, 0, 4294967295, "a number of 32 bits"));
      const location = test.slice(0, at).split(/(<<|>>|&|@)/);
      const values = test
        .slice(at + 1)
        .split(",")
        .map((value) => {
          const [from = "", to] = value.split(":");
          return to === undefined ? number32(from) : `${number32(from)}:${number32(to)}`;
        });
      return `${location.map((part, index) => (index % 2 === 0 ? number32(part) : part)).join("")}=${values.join(",")}`;
    });
    return shown.join("&&");
  },
};

/** Matches 32-bit words at offsets that the packet itself may give (xt_u32.c). */
export const u32 = match("u32", { options: [invertible("u32", tests, { required: true })] });
