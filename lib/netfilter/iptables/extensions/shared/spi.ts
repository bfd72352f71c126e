import { U32 } from "../../values/number";
import { coversAll, numberRange } from "../../values/range";
import { invertible, match } from "../declare";
import type { Extension } from "../extension";

export const spiRange = numberRange(U32);

export const spi = (
  name: string,
  protocol: number,
  families: Extension["families"] = ["ipv4", "ipv6"],
): Extension =>
  match(name, {
    families,
    protocols: [protocol],
    options: [invertible(`${name}spi`, spiRange, { silent: coversAll(U32) })],
  });
