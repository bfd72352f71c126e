import { number, U32 } from "../../values/number";
import { coversAll, numberRange } from "../../values/range";
import { flag, invertible, match } from "../declare";

/** Matches the authentication header of an IPv6 packet (ip6t_ah.c). */
export const ah6 = match("ah", {
  families: ["ipv6"],
  options: [
    invertible("ahspi", numberRange(U32), { isOmitted: coversAll(U32) }),
    invertible("ahlen", number(0, U32), { isOmitted: (given) => !given.inverted && given.values[0] === "0" }),
    flag("ahres"),
  ],
});
