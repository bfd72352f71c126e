import { RuleSyntaxError } from "../../rule-syntax-error";
import { readNumber } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import { option, target } from "../declare";
import { sideEffectTarget } from "../shared/side-effect-target";

const TCP_OPTIONS: Readonly<Record<string, number>> = {
  wscale: 3,
  mss: 2,
  "sack-permitted": 4,
  sack: 5,
  timestamp: 8,
  md5: 19,
};

const stripped: ValueType = {
  expected: "TCP options by number or name",
  read: (word) => {
    const numbers = new Set<number>();
    for (const each of word.split(",")) {
      const known = TCP_OPTIONS[each];
      const value = known === undefined ? readNumber(each) : BigInt(known);
      if (value !== undefined && value < 2n)
        throw new RuleSyntaxError(`TCP option ${value} cannot be stripped`, "2 to 255");
      if (value !== undefined && numbers.has(Number(value)))
        throw new RuleSyntaxError(`TCP option ${each} is named twice`, "each option once");
      if (value === undefined || value > 255)
        throw new RuleSyntaxError(`"${each}" is not a TCP option`, Object.keys(TCP_OPTIONS).join(", "));
      numbers.add(Number(value));
    }
    return [...numbers].sort((one, other) => one - other).join(",");
  },
};

/** Replaces options of TCP by padding (xt_TCPOPTSTRIP.c). */
export const TCPOPTSTRIP = target("TCPOPTSTRIP", {
  tables: ["mangle"],
  protocols: [6],
  options: [option("strip-options", stripped)],
  toAction: sideEffectTarget("TCPOPTSTRIP"),
});
