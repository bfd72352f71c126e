import { LENGTH } from "../../../values/ether-type";
import { paddedHex } from "../../../values/hex";
import { U8, U16 } from "../../../values/number";
import { invertible, match } from "../../declare";
import { needs } from "../required-protocol";

export const sap = match("802_3", {
  families: ["bridge"],
  implicit: true,
  options: [invertible("802_3-sap", paddedHex(2, U8)), invertible("802_3-type", paddedHex(4, U16))],
  check: (_options, context) => needs(LENGTH, "Length")(context),
});
