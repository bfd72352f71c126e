import { invertible, match } from "../declare";
import { first } from "../option-values";
import { ordered, states } from "../shared/connection-state";

export const state = match("state", {
  options: [
    invertible("state", ordered(["INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED"]), {
      required: true,
    }),
  ],
  lower: (options) => [
    {
      kind: "ctState",
      inverted: options.get("state")?.inverted ?? false,
      states: states(first(options, "state")),
    },
  ],
});
