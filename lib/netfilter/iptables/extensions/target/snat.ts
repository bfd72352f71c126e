import type { Action } from "../../../model/action";
import { flag, option, target } from "../declare";
import { first } from "../option-values";
import { natRange, natTarget } from "../shared/nat-range";

/** Changes the source of a connection (xt_nat.c). */
export const SNAT = target("SNAT", {
  tables: ["nat"],
  hooks: ["POSTROUTING", "INPUT"],
  options: [
    option("to-source", natTarget("zeroed"), { required: true }),
    flag("random"),
    flag("random-fully"),
    flag("persistent"),
  ],
  toAction: (options): Action => ({ kind: "snat", to: natRange(first(options, "to-source"), options) }),
});
