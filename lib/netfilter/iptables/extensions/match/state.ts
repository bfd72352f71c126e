import { invertible, match } from "../declare";
import { first } from "../option-values";
import { orderedList, states } from "../shared/connection-state";

/** Matches the state of the connection. An older form of `--ctstate` (xt_state.c). */
export const state = match("state", {
  options: [
    invertible("state", orderedList(["INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED"]), {
      required: true,
    }),
  ],
  toMatches: (options) => [
    {
      kind: "ctState",
      inverted: options.get("state")?.inverted ?? false,
      states: states(first(options, "state")),
    },
  ],
});
