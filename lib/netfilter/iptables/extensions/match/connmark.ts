import { markValue, masked } from "../../values/mark";
import { invertible, match } from "../declare";
import { first } from "../option-values";

/** Matches the mark of the connection (xt_connmark.c). */
export const connmark = match("connmark", {
  options: [invertible("mark", markValue(), { required: true })],
  toMatches: (options) => [
    {
      kind: "connmark",
      inverted: options.get("mark")?.inverted ?? false,
      mark: masked(first(options, "mark")),
    },
  ],
});
