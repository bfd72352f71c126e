import { RuleSyntaxError } from "../../rule-syntax-error";
import { readAddress } from "../../values/address/address";
import { number, U32 } from "../../values/number";
import { coversAll, numberRange } from "../../values/range";
import { flag, invertible, match, option } from "../declare";

/** Matches the routing header of IPv6 (ip6t_rt.c). */
export const rt = match("rt", {
  families: ["ipv6"],
  options: [
    invertible("rt-type", number(0, U32)),
    invertible("rt-segsleft", numberRange(U32), { isOmitted: coversAll(U32) }),
    invertible("rt-len", number(0, U32)),
    flag("rt-0-res"),
    option("rt-0-addrs", {
      expected: "addresses separated by commas",
      read: (word, context) =>
        word
          .split(",")
          .map((each) => readAddress(each, context))
          .join(","),
    }),
    flag("rt-0-not-strict"),
  ],
  check: (options) => {
    const order = [...options.keys()];
    for (const name of ["rt-0-res", "rt-0-addrs", "rt-0-not-strict"])
      if (options.has(name) && order.indexOf("rt-type") > order.indexOf(name))
        throw new RuleSyntaxError(`--${name} before --rt-type`, "--rt-type 0 before it");
    if (options.has("rt-0-not-strict") && !options.has("rt-0-addrs"))
      throw new RuleSyntaxError("--rt-0-not-strict without addresses", "--rt-0-addrs before it");
    for (const name of ["rt-0-res", "rt-0-addrs", "rt-0-not-strict"])
      if (
        options.has(name) &&
        (options.get("rt-type")?.values[0] !== "0" || options.get("rt-type")?.inverted)
      )
        throw new RuleSyntaxError(`--${name} needs --rt-type 0`, "--rt-type 0 before it");
  },
});
