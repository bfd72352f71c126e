import { masked } from "../../values/mark";
import { tosValue } from "../../values/tos";
import { invertible, match } from "../declare";
import { first, inverted } from "../option-values";

/** Matches the TOS byte (xt_dscp.c). */
export const tos = match("tos", {
  options: [invertible("tos", tosValue(), { required: true })],
  toMatches: (options) => [
    { kind: "tos", inverted: inverted(options, "tos"), tos: masked(first(options, "tos")) },
  ],
});
