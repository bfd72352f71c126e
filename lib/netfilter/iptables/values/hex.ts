import { whole } from "./number";
import type { ValueType } from "./value-type";

/** Like strtoul(…, 16), accepts numbers with or without 0x. */
export const hexWord = (word: string): string => (/^[0-9a-fA-F]+$/.test(word) ? `0x${word}` : word);

/** A number that is printed in hexadecimal with at least `digits` digits. */
export const paddedHex = (digits: number, most: number, upper = false): ValueType => ({
  expected: "a number",
  read: (word) => {
    const shown = whole(word, 0, most, "a number").toString(16).padStart(digits, "0");
    return `0x${upper ? shown.toUpperCase() : shown}`;
  },
});
