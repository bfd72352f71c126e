import { CODE } from "../character-codes";

const { BACKSLASH, QUOTE } = CODE;

/**
 * Splits text at single spaces and removes quotes around words.
 *
 * @returns undefined if a quote stands inside a word, or if a quoted word could be mistaken for an option.
 */
export function canonicalWords(text: string): string[] | undefined {
  if (!text.includes('"')) return text.split(" ");
  const words: string[] = [];
  for (let at = 0; at < text.length; ) {
    if (text.charCodeAt(at) !== QUOTE) {
      const space = text.indexOf(" ", at);
      const stop = space < 0 ? text.length : space;
      const word = text.slice(at, stop);
      if (word.includes('"')) return undefined;
      words.push(word);
      at = stop + 1;
      continue;
    }
    let close = at + 1;
    while (close < text.length && text.charCodeAt(close) !== QUOTE)
      close += text.charCodeAt(close) === BACKSLASH ? 2 : 1;
    const inside = text.slice(at + 1, close);
    if (inside === "" || inside === "!" || inside.startsWith("-")) return undefined;
    words.push(inside.includes("\\") ? inside.replace(/\\(.)/g, "$1") : inside);
    at = close + 2;
  }
  return words;
}
