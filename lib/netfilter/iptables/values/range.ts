import type { Range } from "../../model/match";
import { RuleSyntaxError } from "../rule-syntax-error";
import { whole } from "./number";
import type { ValueType } from "./value-type";

/** Parses canonical `N` or `FROM:TO`. */
export function parseRange(value: string, separator = ":"): Range {
  const at = value.indexOf(separator);
  if (at < 0) return { from: Number(value), to: Number(value) };
  return { from: Number(value.slice(0, at)), to: Number(value.slice(at + 1)) };
}

/**
 * `FROM:TO` with either end optional.
 *
 * @param form.separator - default: `:`.
 * @param form.keepEqual - print `N:N` instead of `N`.
 */
export function numberRange(
  max: number | bigint,
  what = "a number or a range FROM:TO",
  form: { readonly separator?: string; readonly keepEqual?: boolean } = {},
): ValueType {
  const separator = form.separator ?? ":";
  const bound = (word: string, absent: string): string =>
    word === "" ? absent : String(whole(word, 0, max, what));
  return {
    expected: what,
    read: (word) => {
      const colon = word.indexOf(separator);
      if (colon < 0) return bound(word, "0");
      const from = bound(word.slice(0, colon), "0");
      const to = bound(word.slice(colon + 1), String(max));
      if (BigInt(from) > BigInt(to))
        throw new RuleSyntaxError(`range "${word}" is reversed`, "the smaller number first");
      return from === to && !form.keepEqual ? from : `${from}${separator}${to}`;
    },
  };
}

/**
 * Whether a range holds every value, so that iptables-save leaves it out. Version 1.8.9 also leaves out the negated
 * range, which matches nothing, and so changes the rule; this library prints it, like later versions.
 */
export const coversAll =
  (max: number | bigint) =>
  (given: { readonly inverted: boolean; readonly values: readonly string[] }): boolean =>
    !given.inverted && given.values[0] === `0:${max}`;
