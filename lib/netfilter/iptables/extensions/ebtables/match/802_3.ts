import { LENGTH } from "../../../values/ether-type";
import { paddedHex } from "../../../values/hex";
import { U8, U16 } from "../../../values/number";
import { invertible, match } from "../../declare";
import { requireProtocol } from "../required-protocol";

/** Matches fields of IEEE 802.3 frames (ebt_802_3.c). */
export const sap = match("802_3", {
  families: ["bridge"],
  implicit: true,
  options: [invertible("802_3-sap", paddedHex(2, U8)), invertible("802_3-type", paddedHex(4, U16))],
  check: (_options, context) => requireProtocol(LENGTH, "Length")(context),
});
