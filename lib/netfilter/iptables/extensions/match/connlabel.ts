import { whole } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import { flag, invertible, match } from "../declare";

const label: ValueType = {
  expected: "the number of a label, 0 to 127",
  quoted: "always",
  read: (word) => String(whole(word, 0, 127, "the number of a label")),
};

/** Matches, or sets, a label of the connection (xt_connlabel.c). */
export const connlabel = match("connlabel", {
  options: [invertible("label", label, { required: true }), flag("set")],
});
