import { U32 } from "../../values/number";
import { coversAll } from "../../values/range";
import { invertible, match, option } from "../declare";
import { spiRange } from "../shared/spi";

/** Matches the SPI of IPComp packets (xt_ipcomp.c). */
export const ipcomp = match("ipcomp", {
  protocols: [108],
  options: [
    invertible("ipcompspi", spiRange, { isOmitted: coversAll(U32), defaultValues: () => ["0"] }),
    option("compres", [], {}),
  ],
});
