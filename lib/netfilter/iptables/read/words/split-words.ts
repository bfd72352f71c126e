import { CODE } from "../character-codes";

const { BACKSLASH, CR, LF, QUOTE, SPACE, TAB } = CODE;

/** One word of a line, split as iptables-restore splits it. */
export interface Word {
  readonly text: string;
  /** Offset of its first character in the dump. */
  readonly at: number;
  /** Written in double quotes. A quoted word is never an option, even if it starts with `-`. */
  readonly quoted: boolean;
}

const isSpace = (code: number): boolean => code === SPACE || code === TAB || code === LF || code === CR;

/**
 * Splits `text[start, end)` as iptables-restore does (xshared.c, add_param_to_argv): double quotes group characters, a
 * closing quote ends the word, and a backslash escapes only inside quotes.
 *
 * @returns the words, and the offset of a quote that is never closed.
 */
export function splitWords(text: string, start: number, end: number): { words: Word[]; unclosed?: number } {
  const words: Word[] = [];
  let at = start;
  while (at < end) {
    while (at < end && isSpace(text.charCodeAt(at))) at++;
    if (at >= end) break;
    const first = at;
    let value = "";
    let quoted = false;
    let from = at;
    for (; at < end; at++) {
      const code = text.charCodeAt(at);
      if (isSpace(code)) break;
      if (code !== QUOTE) continue;
      quoted = true;
      const open = at;
      value += text.slice(from, at);
      from = ++at;
      while (at < end && text.charCodeAt(at) !== QUOTE) {
        if (text.charCodeAt(at) === BACKSLASH && at + 1 < end) {
          value += text.slice(from, at);
          from = ++at;
        }
        at++;
      }
      value += text.slice(from, at);
      if (at >= end) return { words: [...words, { text: value, at: first, quoted }], unclosed: open };
      from = ++at;
      break;
    }
    if (at > from && !quoted) value = text.slice(from, at);
    words.push({ text: value, at: first, quoted });
  }
  return { words };
}
