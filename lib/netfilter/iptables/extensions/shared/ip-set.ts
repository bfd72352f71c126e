import { RuleSyntaxError } from "../../rule-syntax-error";
import type { ValueType } from "../../values/value-type";
import type { Options } from "../extension";

const MOST = 6;

export const directions: ValueType = {
  expected: "src or dst, or several separated by commas",
  read: (word) => {
    const each = word.split(",");
    if (each.length > MOST)
      throw new RuleSyntaxError(`${each.length} directions are too many`, `at most ${MOST}`);
    for (const one of each)
      if (one !== "src" && one !== "dst")
        throw new RuleSyntaxError(`"${one}" is not a direction`, "src or dst");
    return word;
  },
};

/** IPSET_MAXNAMELEN without the NUL at the end. */
const NAME_LENGTH = 31;

export const setName: ValueType = {
  expected: "the name of a set",
  read: (word) => {
    if (word !== "" && Buffer.byteLength(word) <= NAME_LENGTH) return word;
    throw new RuleSyntaxError(`"${word}" is not a valid name of a set`, `1 to ${NAME_LENGTH} bytes`);
  },
};

export const sides = (options: Options, name: string): readonly ("src" | "dst")[] =>
  (options.get(name)?.values[1] ?? "").split(",").map((each) => (each === "dst" ? "dst" : "src"));
