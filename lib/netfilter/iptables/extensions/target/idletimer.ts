import { RuleSyntaxError } from "../../rule-syntax-error";
import { number } from "../../values/number";
import { text } from "../../values/text";
import type { ValueType } from "../../values/value-type";
import { flag, option, target } from "../declare";
import { sideEffectTarget } from "../shared/side-effect-target";

/** The kernel creates a file with this name in /sys/class/xt_idletimer. */
const label: ValueType = {
  ...text(27, false),
  read: (word, context) => {
    if (word.includes("/"))
      throw new RuleSyntaxError(`"${word}" cannot be the name of a file`, 'a label without "/"');
    return text(27).read(word, context);
  },
};

/** The kernel stores the milliseconds in 31 bits (xt_IDLETIMER.c). */
const MOST_SECONDS = 2147482;

/** Reports when no packet was seen for some time (xt_IDLETIMER.c). */
export const IDLETIMER = target("IDLETIMER", {
  options: [
    option("timeout", number(1, MOST_SECONDS), { required: true }),
    option("label", label, { required: true }),
    flag("alarm"),
  ],
  toAction: sideEffectTarget("IDLETIMER"),
});
