import { invertible, match } from "../declare";
import { inverted } from "../option-values";
import { as, dscpBits, dscpClass, dscpValue } from "../shared/dscp-value";

/** Matches the DSCP, the upper six bits of the TOS byte (xt_dscp.c). */
export const dscp = match("dscp", {
  oneOf: ["dscp"],
  options: [invertible("dscp", dscpValue), invertible("dscp-class", dscpClass, { storedAs: as("dscp") })],
  toMatches: (options) => [
    { kind: "tos", inverted: inverted(options, "dscp"), tos: dscpBits(options, "dscp") },
  ],
});
