import type { Context } from "../../context";
import { hex32, markValue, masked } from "../../values/mark";
import { U32 } from "../../values/number";
import { option } from "../declare";
import type { ParsedOption } from "../extension";

export const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;

const xmark = (value: number, mask: number): readonly [string, ParsedOption] => [
  "set-xmark",
  { inverted: false, values: [`${hex(value)}/${hex(mask)}`] },
];

const valueGiven = (given: ParsedOption): number => Number(given.values[0] ?? 0);

/** Every form is stored as `--set-xmark VALUE/MASK`: `mark = (mark & ~mask) ^ value` (libxt_MARK.c, xt_mark.c). */
export const MARK_FORMS = [
  option("set-xmark", markValue({ alwaysMask: true })),
  option("set-mark", markValue({ alwaysMask: true }), {
    storedAs: (given: ParsedOption, _context: Context) => {
      const { value, mask } = masked(given.values[0] ?? "");
      return xmark(value, (value | mask) >>> 0);
    },
  }),
  option("and-mark", hex32, { storedAs: (given) => xmark(0, (~valueGiven(given) & U32) >>> 0) }),
  option("or-mark", hex32, { storedAs: (given) => xmark(valueGiven(given), valueGiven(given)) }),
  option("xor-mark", hex32, { storedAs: (given) => xmark(valueGiven(given), 0) }),
];
