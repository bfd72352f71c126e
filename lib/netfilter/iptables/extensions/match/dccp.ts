import type { Match } from "../../../model/match";
import { oneOf } from "../../values/list";
import { number, U8 } from "../../values/number";
import { decimalPortRange } from "../../values/port";
import type { ValueType } from "../../values/value-type";
import { invertible, match } from "../declare";
import { first } from "../option-values";
import { portMatches, portOptions } from "../shared/transport-ports";

const DCCP_TYPES = [
  "REQUEST",
  "RESPONSE",
  "DATA",
  "ACK",
  "DATAACK",
  "CLOSEREQ",
  "CLOSE",
  "RESET",
  "SYNC",
  "SYNCACK",
  "INVALID",
] as const;

const dccpTypes: ValueType = {
  expected: `a list of ${DCCP_TYPES.join(", ")}`,
  read: (word, context) => {
    const wanted = new Set(word.split(",").map((each) => oneOf(DCCP_TYPES, true).read(each, context)));
    return DCCP_TYPES.filter((each) => wanted.has(each)).join(",");
  },
};

/** Matches ports, types and options of DCCP (xt_dccp.c). */
export const dccp = match("dccp", {
  protocols: [33],
  options: [
    ...portOptions(decimalPortRange),
    invertible("dccp-types", dccpTypes),
    invertible("dccp-option", number(1, U8)),
  ],
  toMatches: (options) => [
    ...portMatches(options, "dccp"),
    ...(["dccp-types", "dccp-option"] as const)
      .filter((name) => options.has(name))
      .map(
        (name): Match => ({ kind: "opaque", extension: "dccp", text: `--${name} ${first(options, name)}` }),
      ),
  ],
});
