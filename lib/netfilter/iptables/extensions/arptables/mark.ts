import { whole } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import { option, target } from "../declare";

const bits: ValueType = {
  what: "a number of 32 bits",
  read: (word) => whole(word, 0, 0xffffffff, "a number of 32 bits").toString(16),
};

const MARKS = ["set-mark", "and-mark", "or-mark"];

/** Sets the mark of the packet (xt_mark.c). */
export const MARK = target("MARK", {
  families: ["arp"],
  oneOf: MARKS,
  options: MARKS.map((name) => option(name, bits, { excludes: MARKS.filter((each) => each !== name) })),
});
