import { RuleSyntaxError } from "../../rule-syntax-error";
import { U8, whole } from "../../values/number";
import type { ValueType } from "../../values/value-type";

interface TypeName {
  readonly name: string;
  readonly type: number;
  readonly code?: number;
}

/** `TYPE[:TYPE][/CODE[:CODE]]`, or a name. Printed as a name if there is one. */
export function messageType(names: readonly TypeName[]): ValueType {
  const what = "a type or range, with /CODE, or a name";
  /** If a type has several names, the first is printed. */
  const firstOf = (named: TypeName): TypeName =>
    names.find(({ type, code }) => type === named.type && code === named.code) ?? named;
  const bounds = (word: string): readonly [number, number] => {
    const [low = "", high] = word.split(":");
    const from = low === "" ? 0 : Number(whole(low, 0, U8, what));
    const to = high === undefined ? from : high === "" ? U8 : Number(whole(high, 0, U8, what));
    if (from > to) throw new RuleSyntaxError(`range "${word}" is reversed`, "the smaller number first");
    return [from, to];
  };
  const shown = ([from, to]: readonly [number, number]): string =>
    from === to ? String(from) : `${from}:${to}`;
  return {
    expected: what,
    read: (word) => {
      const named = names.find(({ name }) => name === word.toLowerCase());
      if (named) return firstOf(named).name;
      const [types = "", codes] = word.split("/");
      const type = bounds(types);
      const code = codes === undefined ? ([0, U8] as const) : bounds(codes);
      const single = type[0] === type[1];
      const known = names.find(
        (each) =>
          single &&
          each.type === type[0] &&
          (each.code === undefined
            ? code[0] === 0 && code[1] === U8
            : code[0] === each.code && code[1] === each.code),
      );
      return known?.name ?? `${shown(type)}/${shown(code)}`;
    },
  };
}
