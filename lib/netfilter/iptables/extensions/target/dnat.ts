import type { Action } from "../../../model/action";
import { flag, option, target } from "../declare";
import { first } from "../option-values";
import { natRange, natTarget } from "../shared/nat-range";

/** Changes the destination of a connection (xt_nat.c). */
export const DNAT = target("DNAT", {
  tables: ["nat"],
  hooks: ["PREROUTING", "OUTPUT"],
  options: [
    option("to-destination", natTarget("stored"), { required: true }),
    flag("random"),
    flag("persistent"),
  ],
  toAction: (options): Action => ({ kind: "dnat", to: natRange(first(options, "to-destination"), options) }),
});
