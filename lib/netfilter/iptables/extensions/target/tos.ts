import type { Action } from "../../../model/action";
import { masked } from "../../values/mark";
import { number, U8 } from "../../values/number";
import { tosValue } from "../../values/tos";
import { option, target } from "../declare";
import type { ParsedOption } from "../extension";
import { first } from "../option-values";

const hex2 = (value: number): string => `0x${(value & 255).toString(16).padStart(2, "0")}`;

const bits = number(0, U8, "a byte");

const tosForm =
  (value: (byte: number) => number, mask: (byte: number) => number) =>
  (given: ParsedOption): readonly [string, ParsedOption] => {
    const byte = Number(given.values[0]);
    return ["set-tos", { inverted: false, values: [`${hex2(value(byte))}/${hex2(mask(byte))}`] }];
  };

/** Sets bits of the TOS byte (xt_DSCP.c). */
export const TOS = target("TOS", {
  tables: ["mangle"],
  oneOf: ["set-tos"],
  options: [
    option("set-tos", tosValue()),
    option("and-tos", bits, {
      storedAs: tosForm(
        () => 0,
        (byte) => ~byte,
      ),
    }),
    option("or-tos", bits, {
      storedAs: tosForm(
        (byte) => byte,
        (byte) => byte,
      ),
    }),
    option("xor-tos", bits, {
      storedAs: tosForm(
        (byte) => byte,
        () => 0,
      ),
    }),
  ],
  toAction: (options): Action => ({ kind: "tos", tos: masked(first(options, "set-tos")) }),
});
