import type { Context } from "../context";
import { RuleSyntaxError } from "../rule-syntax-error";
import type { ValueType } from "./value-type";

/** One of several words. */
export function oneOf(words: readonly string[], ignoreCase = false): ValueType {
  const what = `one of ${words.join(", ")}`;
  return {
    expected: what,
    read: (word) => {
      const found = words.find(
        (each) => each === word || (ignoreCase && each.toLowerCase() === word.toLowerCase()),
      );
      if (found === undefined) throw new RuleSyntaxError(`unknown value "${word}"`, what);
      return found;
    },
  };
}

/** Values of one type, separated by commas. */
export function list(entry: ValueType, most = Number.POSITIVE_INFINITY): ValueType {
  const what = `${entry.expected}, or several separated by commas`;
  return {
    expected: what,
    read: (word: string, context: Context) => {
      const entries = word.split(",");
      if (entries.length > most)
        throw new RuleSyntaxError(`${entries.length} entries are too many`, `at most ${most}`);
      return entries.map((each) => entry.read(each, context)).join(",");
    },
  };
}
