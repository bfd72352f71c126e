import { U32, whole } from "./number";
import type { ValueType } from "./value-type";

const hex = (value: number): string => `0x${value.toString(16)}`;

/**
 * `VALUE[/MASK]` of 32 bits.
 *
 * @param form.alwaysMask - print the mask even if it is all ones.
 */
export function markValue(form: { readonly alwaysMask?: boolean } = {}): ValueType {
  return {
    expected: "a mark VALUE or VALUE/MASK",
    read: (word) => {
      const slash = word.indexOf("/");
      const value = Number(whole(slash < 0 ? word : word.slice(0, slash), 0, U32, "a mark of 32 bits"));
      const mask = slash < 0 ? U32 : Number(whole(word.slice(slash + 1), 0, U32, "a mask of 32 bits"));
      return mask === U32 && !form.alwaysMask ? hex(value) : `${hex(value)}/${hex(mask)}`;
    },
  };
}

/** A number of 32 bits that is printed in hexadecimal. */
export const hex32: ValueType = {
  expected: "a number of 32 bits",
  read: (word) => hex(Number(whole(word, 0, U32, "a number of 32 bits"))),
};

/** Parses canonical `0xVALUE[/0xMASK]`. */
export function masked(value: string, allOnes = U32): { value: number; mask: number } {
  const slash = value.indexOf("/");
  if (slash < 0) return { value: Number(value), mask: allOnes };
  return { value: Number(value.slice(0, slash)), mask: Number(value.slice(slash + 1)) };
}
