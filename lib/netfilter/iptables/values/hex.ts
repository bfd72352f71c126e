import { whole } from "./number";
import type { ValueType } from "./value-type";

/** A number that prints in hexadecimal with at least `digits` digits. */
export const paddedHex = (digits: number, most: number, upper = false): ValueType => ({
  what: "a number",
  read: (word) => {
    const shown = whole(word, 0, most, "a number").toString(16).padStart(digits, "0");
    return `0x${upper ? shown.toUpperCase() : shown}`;
  },
});
