import type { Action } from "../../../model/action";
import { masked } from "../../values/mark";
import { target } from "../declare";
import { first } from "../option-values";
import { MARK_FORMS } from "../shared/set-mark";

/** Sets the mark of the packet (xt_mark.c). */
export const MARK = target("MARK", {
  options: MARK_FORMS,
  oneOf: ["set-xmark"],
  toAction: (options): Action => ({ kind: "mark", mark: masked(first(options, "set-xmark")) }),
});
