import type { Context } from "../context";
import { RuleSyntaxError } from "../rule-syntax-error";
import type { ValueType } from "./value-type";

/** One of a list of words, in any of the cases that iptables takes. */
export function oneOf(words: readonly string[], ignoreCase = false): ValueType {
  const what = `one of ${words.join(", ")}`;
  return {
    what,
    read: (word) => {
      const found = words.find(
        (each) => each === word || (ignoreCase && each.toLowerCase() === word.toLowerCase()),
      );
      if (found === undefined) throw new RuleSyntaxError(`"${word}" is not known here`, what);
      return found;
    },
  };
}

/** A list in one word, each entry of one kind. */
export function list(entry: ValueType, most = Number.POSITIVE_INFINITY): ValueType {
  const what = `${entry.what}, several with commas`;
  return {
    what,
    read: (word: string, context: Context) => {
      const entries = word.split(",");
      if (entries.length > most)
        throw new RuleSyntaxError(`${entries.length} entries are too many`, `at most ${most}`);
      return entries.map((each) => entry.read(each, context)).join(",");
    },
  };
}
