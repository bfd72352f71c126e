import { RuleSyntaxError } from "../rule-syntax-error";
import type { ValueType } from "./value-type";

const DECIMAL = /^\s*\+?(?:0[xX][0-9a-fA-F]+|[0-9]+)$/;

/** Reads a number as strtoul(…, 0) does: decimal, hexadecimal after 0x, octal after 0. Refuses negative numbers. */
export function readNumber(word: string): bigint | undefined {
  if (!DECIMAL.test(word)) return undefined;
  const digits = word.trimStart().replace("+", "");
  if (/^0[0-9]+$/.test(digits)) return /^[0-7]+$/.test(digits) ? BigInt(`0o${digits}`) : undefined;
  return BigInt(digits);
}

/** Reads a number at the start of a word, as strtoul(…, 0) does. Returns it with the rest of the word. */
export function readPrefix(word: string): { readonly value: bigint; readonly rest: string } | undefined {
  const found = /^\s*\+?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)/.exec(word);
  const value = found ? readNumber(found[0]) : undefined;
  return value === undefined ? undefined : { value, rest: word.slice(found?.[0].length) };
}

/**
 * Reads a whole number.
 *
 * @throws RuleSyntaxError if it is less than `min` or more than `max`.
 */
export function whole(word: string, min: number, max: number | bigint, what: string): bigint {
  const value = readNumber(word);
  if (value === undefined || value < BigInt(min) || value > BigInt(max))
    throw new RuleSyntaxError(`"${word}" is not ${what}`, `${what}, ${min} to ${max}`);
  return value;
}

/** A number that is printed in decimal. */
export function number(min: number, max: number | bigint, what = "a number"): ValueType {
  return { expected: what, read: (word) => String(whole(word, min, max, what)) };
}

export const U8 = 255;

export const U16 = 65535;

export const U32 = 4294967295;

export const U64 = 18446744073709551615n;
