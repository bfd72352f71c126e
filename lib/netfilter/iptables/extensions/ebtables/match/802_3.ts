import { LENGTH } from "../../../values/ether-type";
import { hexWord, paddedHex } from "../../../values/hex";
import { U8, U16 } from "../../../values/number";
import type { ValueType } from "../../../values/value-type";
import { invertible, match } from "../../declare";
import { requireProtocol } from "../required-protocol";

/** A number in hexadecimal, with or without 0x. */
const inHex = (type: ValueType): ValueType => ({
  ...type,
  read: (word, context) => type.read(hexWord(word), context),
});

/** Matches fields of IEEE 802.3 frames (ebt_802_3.c). */
export const sap = match("802_3", {
  families: ["bridge"],
  implicit: true,
  options: [
    invertible("802_3-sap", inHex(paddedHex(2, U8))),
    invertible("802_3-type", inHex(paddedHex(4, U16))),
  ],
  check: (_options, context) => requireProtocol(LENGTH, "Length")(context),
});
