import { flag, match } from "../declare";
import type { Options } from "../extension";

/** Matches packets whose reply would leave by the interface they came in by (ipt_rpfilter.c). */
export const rpfilter = match("rpfilter", {
  tables: ["raw", "mangle"],
  hooks: ["PREROUTING"],
  options: [flag("loose"), flag("validmark"), flag("accept-local"), flag("invert")],
  toMatches: (options: Options) => [
    {
      kind: "rpfilter",
      inverted: options.has("invert"),
      loose: options.has("loose"),
      validMark: options.has("validmark"),
      acceptLocal: options.has("accept-local"),
    },
  ],
});
