import { number, U32 } from "../../values/number";
import { coversAll, numberRange } from "../../values/range";
import { flag, invertible, match } from "../declare";

/** Matches the fragment header of IPv6 (ip6t_frag.c). */
export const frag = match("frag", {
  families: ["ipv6"],
  options: [
    invertible("fragid", numberRange(U32), { isOmitted: coversAll(U32) }),
    invertible("fraglen", number(0, U32)),
    flag("fragres"),
    flag("fragfirst"),
    flag("fragmore", { excludes: ["fraglast"] }),
    flag("fraglast", { excludes: ["fragmore"] }),
  ],
});
