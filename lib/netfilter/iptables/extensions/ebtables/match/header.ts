import { macMask } from "../../../values/address/mac";
import { frameType } from "../../../values/ether-type";
import { interfaceName } from "../../../values/interface-name";
import { invertible, match } from "../../declare";
import type { ParsedOption } from "../../extension";

const isAny = (given: ParsedOption): boolean => !given.inverted && given.values[0] === "+";

const macs = macMask({ names: "printed" });

/** Matches the Ethernet header and the interfaces (ebtables(8), "Rule specifications"). */
export const header = match("header", {
  families: ["bridge"],
  implicit: true,
  options: [
    invertible("protocol", frameType, { letter: "p", aliases: ["proto"] }),
    invertible("source", macs, { letter: "s", aliases: ["src"] }),
    invertible("destination", macs, { letter: "d", aliases: ["dst"] }),
    invertible("in-interface", interfaceName, { letter: "i", aliases: ["in-if"], isOmitted: isAny }),
    invertible("logical-in", interfaceName, { isOmitted: isAny }),
    invertible("out-interface", interfaceName, { letter: "o", aliases: ["out-if"], isOmitted: isAny }),
    invertible("logical-out", interfaceName, { isOmitted: isAny }),
  ],
});
