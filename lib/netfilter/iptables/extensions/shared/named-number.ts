import { RuleSyntaxError } from "../../rule-syntax-error";
import { U32, whole } from "../../values/number";
import type { ValueType } from "../../values/value-type";

const shown = (value: bigint, names: ReadonlyMap<string, bigint>): string =>
  [...names].find(([, each]) => each === value)?.[0] ?? `0x${value.toString(16)}`;

const NO_NAMES: ReadonlyMap<string, bigint> = new Map();

/**
 * `VALUE[/MASK]`, or a name from a file of iproute2. iptables-save prints the name if there is one, and no mask.
 *
 * @param all - the names in that file.
 */
export function namedNumber(all: ReadonlyMap<string, bigint>, what: string): ValueType {
  return {
    expected: what,
    read: (word, { iptables }) => {
      const names = iptables.groupNames ? all : NO_NAMES;
      const known = names.get(word);
      if (known !== undefined) return shown(known, names);
      const [value = "", mask, ...more] = word.split("/");
      if (more.length > 0) throw new RuleSyntaxError(`"${word}" has too many parts`, "VALUE[/MASK]");
      const number = whole(value, 0, U32, what);
      const masking = mask === undefined ? BigInt(U32) : whole(mask, 0, U32, "a mask");
      if (masking === BigInt(U32)) return shown(number, names);
      return `0x${number.toString(16)}/0x${masking.toString(16)}`;
    },
  };
}
