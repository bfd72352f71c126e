import type { ConnectionState } from "../../../model/match";
import { RuleSyntaxError } from "../../rule-syntax-error";
import type { ValueType } from "../../values/value-type";

/** In the order in which iptables-save prints them. */
export const STATES: readonly ConnectionState[] = [
  "INVALID",
  "NEW",
  "RELATED",
  "ESTABLISHED",
  "UNTRACKED",
  "SNAT",
  "DNAT",
];

/**
 * A list that is printed in the order of `words`.
 *
 * @param least - a word that stands for none of them.
 */
export function orderedList(words: readonly string[], least?: string): ValueType {
  const what = `a list of ${words.join(", ")}`;
  return {
    expected: what,
    read: (word) => {
      const wanted = new Set<string>();
      for (const each of word.split(",")) {
        const upper = each.toUpperCase();
        const known =
          each === "" ? undefined : [...words, least ?? ""].find((name) => name.startsWith(upper));
        if (known === undefined) throw new RuleSyntaxError(`"${each}" is not one of the words`, what);
        wanted.add(known);
      }
      return words.filter((each) => wanted.has(each)).join(",") || (least ?? "");
    },
  };
}

export const states = (value: string): readonly ConnectionState[] => {
  const listed = value.split(",");
  return STATES.filter((state) => listed.includes(state));
};
