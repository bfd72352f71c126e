import type { Match } from "../../../model/match";
import { readAddress } from "../../values/address/address";
import { readPadded } from "../../values/address/ipv4";
import type { ValueType } from "../../values/value-type";
import { invertible, match } from "../declare";
import { first, inverted } from "../option-values";

/** iptables accepts a range whose first address is the larger one. Such a range matches no address. */
const addressSpan: ValueType = {
  expected: "ADDRESS-ADDRESS",
  read: (word, context) => {
    const dash = word.indexOf("-");
    const low = dash < 0 ? word : word.slice(0, dash);
    const high = dash < 0 ? undefined : word.slice(dash + 1);
    const from = readAddress(low, context, readPadded);
    const to = high === undefined ? from : readAddress(high, context, readPadded);
    return `${from}-${to}`;
  },
};

/** Matches ranges of addresses (xt_iprange.c). */
export const iprange = match("iprange", {
  oneOf: ["src-range", "dst-range"],
  options: [invertible("src-range", addressSpan), invertible("dst-range", addressSpan)],
  toMatches: (options) =>
    (["src-range", "dst-range"] as const).flatMap((name): Match[] => {
      if (!options.has(name)) return [];
      const [from = "", to = ""] = first(options, name).split("-");
      const side = name === "src-range" ? "source" : "destination";
      return [{ kind: "addressRange", inverted: inverted(options, name), side, from, to }];
    }),
});
