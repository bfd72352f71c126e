import { oneOf } from "../../values/list";
import { invertible, match } from "../declare";
import { first, inverted } from "../option-values";

const KINDS = ["unicast", "broadcast", "multicast"] as const;

/** Matches unicast, broadcast or multicast frames (xt_pkttype.c). */
export const pkttype = match("pkttype", {
  options: [
    invertible(
      "pkt-type",
      {
        expected: oneOf(KINDS).expected,
        read: (word, context) => {
          const same: Record<string, string> = { bcast: "broadcast", mcast: "multicast", host: "unicast" };
          return oneOf(KINDS, true).read(same[word.toLowerCase()] ?? word, context);
        },
      },
      { required: true },
    ),
  ],
  toMatches: (options) => {
    const type = KINDS.find((each) => each === first(options, "pkt-type")) ?? "unicast";
    return [{ kind: "pktType", inverted: inverted(options, "pkt-type"), type }];
  },
});
