import type { BaseName } from "../../rule-spec";
import { BASE } from "../base-options";
import { CODE } from "../character-codes";

const { BACKSLASH, BANG, DASH, QUOTE, SPACE } = CODE;

/** Options of one letter that start a part of a rule, by character code. */
const PART_LETTERS = new Set([..."mjgsdiopfc"].map((letter) => letter.charCodeAt(0)));

/** Base options that take a value, by the character code of their letter. */
export const BASE_LETTERS = new Map<number, BaseName>();
for (const name of ["source", "destination", "in", "out", "protocol"] as const)
  BASE_LETTERS.set(BASE[name].letter.charCodeAt(0), name);

/**
 * Finds the end of the base options at the start of a rule (`-s`, `-d`, `-i`, `-o`, `-p`, each perhaps after `!`).
 *
 * @returns -1 if they are not written as iptables-save writes them.
 */
export function headerEnd(text: string, from: number, end: number): number {
  let at = from;
  let last = from;
  while (at < end) {
    let dash = at;
    if (text.charCodeAt(dash) === BANG) {
      if (text.charCodeAt(dash + 1) !== SPACE) return -1;
      dash += 2;
    }
    if (text.charCodeAt(dash) !== DASH) return -1;
    if (!BASE_LETTERS.has(text.charCodeAt(dash + 1)) || text.charCodeAt(dash + 2) !== SPACE)
      return dash === at ? last : -1;
    const space = text.indexOf(" ", dash + 3);
    last = space < 0 || space > end ? end : space;
    if (last === dash + 3) return -1;
    at = last + 1;
  }
  return last;
}

/**
 * Finds the end of a `-m` or `-j` part: the next option of one letter, or the end of the line.
 *
 * @returns -1 if the part is not written as iptables-save writes it.
 */
export function partEnd(text: string, from: number, end: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === SPACE) return -1;
    if (code === QUOTE) {
      at = quoteEnd(text, at, end);
      if (at < 0) return -1;
    } else {
      // A quote inside a word starts a quoted part, too.
      for (; at < end; at++) {
        const each = text.charCodeAt(at);
        if (each === SPACE) break;
        if (each === QUOTE) return -1;
      }
    }
    if (at >= end) return end;
    const next = at + 1;
    const dash = text.charCodeAt(next) === BANG && text.charCodeAt(next + 1) === SPACE ? next + 2 : next;
    if (
      text.charCodeAt(dash) === DASH &&
      PART_LETTERS.has(text.charCodeAt(dash + 1)) &&
      text.charCodeAt(dash + 2) === SPACE
    )
      return dash === next ? at : -1;
    at = next;
    if (at >= end) return -1;
  }
}

/**
 * Finds the offset after the closing quote.
 *
 * @returns -1 if there is none, or if a character follows it that is not a space.
 */
export function quoteEnd(text: string, open: number, end: number): number {
  for (let at = open + 1; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at + 1 === end || text.charCodeAt(at + 1) === SPACE ? at + 1 : -1;
  }
  return -1;
}
