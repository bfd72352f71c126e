import type { Action } from "../../../model/action";
import { flag, option, target } from "../declare";
import { first } from "../option-values";
import { natRangeOf, portsOnly } from "../shared/nat-range";

/** Changes the destination of a connection to the host itself (xt_REDIRECT.c). */
export const REDIRECT = target("REDIRECT", {
  tables: ["nat"],
  hooks: ["PREROUTING", "OUTPUT"],
  options: [option("to-ports", portsOnly("refused")), flag("random")],
  toAction: (options): Action => ({
    kind: "redirect",
    to: natRangeOf("", first(options, "to-ports"), options),
  }),
});
