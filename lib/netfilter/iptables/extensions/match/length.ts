import { U16 } from "../../values/number";
import { numberRange, parseRange } from "../../values/range";
import { invertible, match } from "../declare";
import { first, inverted } from "../option-values";

/** Matches the length of the packet, without the link-layer header (xt_length.c). */
export const length = match("length", {
  options: [invertible("length", numberRange(U16), { required: true })],
  toMatches: (options) => [
    { kind: "length", inverted: inverted(options, "length"), bytes: parseRange(first(options, "length")) },
  ],
});
