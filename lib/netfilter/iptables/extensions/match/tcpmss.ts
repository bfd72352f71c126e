import { U16 } from "../../values/number";
import { numberRange } from "../../values/range";
import { invertible, match } from "../declare";

/** Matches the maximum segment size option of TCP (xt_tcpmss.c). */
export const tcpmss = match("tcpmss", {
  protocols: [6],
  options: [invertible("mss", numberRange(U16), { required: true })],
});
