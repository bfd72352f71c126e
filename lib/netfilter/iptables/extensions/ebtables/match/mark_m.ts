import { hex32 } from "../../../values/mark";
import type { ValueType } from "../../../values/value-type";
import { invertible, match } from "../../declare";

const maskedMark: ValueType = {
  expected: "VALUE[/MASK] or /MASK",
  read: (word, context) => {
    const [value = "", mask] = word.split("/");
    const shown = value === "" ? "" : hex32.read(value, context);
    return mask === undefined ? shown : `${shown}/${hex32.read(mask, context)}`;
  },
};

/** Matches the mark of the frame (ebt_mark_m.c). */
export const mark_m = match("mark_m", {
  families: ["bridge"],
  implicit: true,
  options: [invertible("mark", maskedMark)],
});
