import type { Action } from "../../../model/action";
import { flag, option, target } from "../declare";
import { first } from "../option-values";
import { natRangeOf, portsOnly } from "../shared/nat-range";

/** Changes the source of a connection to the address of the outgoing interface (xt_MASQUERADE.c). */
export const MASQUERADE = target("MASQUERADE", {
  tables: ["nat"],
  hooks: ["POSTROUTING"],
  options: [option("to-ports", portsOnly("zeroed")), flag("random"), flag("random-fully")],
  toAction: (options): Action => ({
    kind: "masquerade",
    to: natRangeOf("", first(options, "to-ports"), options),
  }),
});
