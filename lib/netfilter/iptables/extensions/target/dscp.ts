import type { Action } from "../../../model/action";
import { option, target } from "../declare";
import { as, dscpBits, dscpClass, dscpValue } from "../shared/dscp-value";

/** Sets the DSCP (xt_DSCP.c). */
export const DSCP = target("DSCP", {
  tables: ["mangle"],
  oneOf: ["set-dscp"],
  options: [option("set-dscp", dscpValue), option("set-dscp-class", dscpClass, { storedAs: as("set-dscp") })],
  toAction: (options): Action => ({ kind: "tos", tos: dscpBits(options, "set-dscp") }),
});
