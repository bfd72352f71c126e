import { number } from "../../values/number";
import { match, option } from "../declare";
import { first } from "../option-values";
import { rate, rateParts } from "../shared/rate";

/** Matches at a limited rate: one token bucket for all packets of the rule (xt_limit.c). */
export const limit = match("limit", {
  options: [
    option("limit", rate, { defaultValues: () => ["3/hour"] }),
    option("limit-burst", number(1, 10000), {
      defaultValues: () => ["5"],
      isOmitted: (given) => given.values[0] === "5",
    }),
  ],
  toMatches: (options) => [
    {
      kind: "limit",
      inverted: false,
      ...rateParts(first(options, "limit", "3/hour")),
      burst: Number(first(options, "limit-burst", "5")),
    },
  ],
});
