import { U32 } from "../../values/number";
import { coversAll, numberRange } from "../../values/range";
import { invertible, match } from "../declare";
import type { Extension } from "../extension";

/** Declares a match that compares the SPI of an IPsec header. */
export const spiRange = numberRange(U32);

/** Declares a match that compares the SPI of an IPsec header. */
export const spi = (
  name: string,
  protocol: number,
  families: Extension["families"] = ["ipv4", "ipv6"],
): Extension =>
  match(name, {
    families,
    protocols: [protocol],
    options: [invertible(`${name}spi`, spiRange, { isOmitted: coversAll(U32) })],
  });
