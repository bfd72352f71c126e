import { markValue, masked } from "../../values/mark";
import { invertible, match } from "../declare";
import { first } from "../option-values";

/** Matches the mark of the packet (xt_mark.c). */
export const mark = match("mark", {
  options: [invertible("mark", markValue(), { required: true })],
  toMatches: (options) => [
    { kind: "mark", inverted: options.get("mark")?.inverted ?? false, mark: masked(first(options, "mark")) },
  ],
});
