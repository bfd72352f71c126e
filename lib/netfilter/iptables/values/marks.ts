import { type Kind, Refusal } from "../extensions/declare";
import { readNumber, U32, whole } from "./numbers";

const hex = (value: number): string => `0x${value.toString(16)}`;

/** `VALUE[/MASK]` of 32 bits; the mask is printed only where it is not all ones. */
export function mark(form: { readonly alwaysMask?: boolean; readonly spareMask?: string } = {}): Kind {
  return {
    what: "a mark VALUE or VALUE/MASK",
    read: (word) => {
      const slash = word.indexOf("/");
      const value = Number(whole(slash < 0 ? word : word.slice(0, slash), 0, U32, "a mark of 32 bits"));
      const mask = slash < 0 ? U32 : Number(whole(word.slice(slash + 1), 0, U32, "a mask of 32 bits"));
      return mask === U32 && !form.alwaysMask ? hex(value) : `${hex(value)}/${hex(mask)}`;
    },
  };
}

/** 32 bits printed in hexadecimal. */
export const hex32: Kind = {
  what: "a number of 32 bits",
  read: (word) => hex(Number(whole(word, 0, U32, "a number of 32 bits"))),
};

/** Reads canonical `0xVALUE[/0xMASK]`. */
export function masked(value: string, allOnes = U32): { value: number; mask: number } {
  const slash = value.indexOf("/");
  if (slash < 0) return { value: Number(value), mask: allOnes };
  return { value: Number(value.slice(0, slash)), mask: Number(value.slice(slash + 1)) };
}

const SERVICES: readonly (readonly [string, number])[] = [
  ["Minimize-Delay", 0x10],
  ["Maximize-Throughput", 0x08],
  ["Maximize-Reliability", 0x04],
  ["Minimize-Cost", 0x02],
  ["Normal-Service", 0x00],
];

const hex2 = (value: number): string => `0x${value.toString(16).padStart(2, "0")}`;

/** The TOS byte: `VALUE[/MASK]` or one of the five old names, whose mask is 0x3f (xtables_parse_tosmask). */
export function tos(plainMask = 0xff): Kind {
  return {
    what: "a TOS VALUE[/MASK] or one of Minimize-Delay, Maximize-Throughput, Maximize-Reliability, Minimize-Cost, Normal-Service",
    read: (word) => {
      const named = SERVICES.find(([name]) => name.toLowerCase() === word.toLowerCase());
      if (named) return `${hex2(named[1])}/0x3f`;
      const slash = word.indexOf("/");
      const value = readNumber(slash < 0 ? word : word.slice(0, slash));
      const mask = slash < 0 ? BigInt(plainMask) : readNumber(word.slice(slash + 1));
      if (value === undefined || value > 255n || mask === undefined || mask > 255n)
        throw new Refusal(`"${word}" is not a TOS value`, tos().what);
      return `${hex2(Number(value))}/${hex2(Number(mask))}`;
    },
  };
}
