import { RuleSyntaxError } from "../../rule-syntax-error";
import { readNumber, U8 } from "../../values/number";
import { coversAll } from "../../values/range";
import type { ValueType } from "../../values/value-type";
import { invertible, match } from "../declare";

const MH_TYPES = [
  "binding-refresh-request",
  "home-test-init",
  "careof-test-init",
  "home-test",
  "careof-test",
  "binding-update",
  "binding-acknowledgement",
  "binding-error",
];

const MH_ALIASES: Readonly<Record<string, number>> = {
  brr: 0,
  hoti: 1,
  coti: 2,
  hot: 3,
  cot: 4,
  bu: 5,
  ba: 6,
  be: 7,
};

function mhType(word: string): number {
  const lower = word.toLowerCase();
  const known = MH_ALIASES[lower] ?? MH_TYPES.indexOf(lower);
  if (known >= 0) return known;
  const shortened = [...MH_TYPES, ...Object.keys(MH_ALIASES)].filter((each) => each.startsWith(lower));
  const [only] = shortened;
  if (shortened.length === 1 && only !== undefined) return MH_ALIASES[only] ?? MH_TYPES.indexOf(only);
  const value = readNumber(word);
  if (value === undefined || value > 255n)
    throw new RuleSyntaxError(`"${word}" is not a type of mobility header`, MH_TYPES.join(", "));
  return Number(value);
}

const mhRange: ValueType = {
  expected: "a type of mobility header, or a range FROM:TO",
  read: (word) => {
    const [low = "", high, ...more] = word.split(":");
    if (more.length > 0) throw new RuleSyntaxError(`"${word}" has too many parts`, "FROM:TO");
    if (high === undefined) return String(mhType(low));
    const from = low === "" ? 0 : mhType(low);
    const to = high === "" ? 255 : mhType(high);
    if (from > to) throw new RuleSyntaxError(`range "${word}" is reversed`, "the smaller type first");
    return from === to ? String(from) : `${from}:${to}`;
  },
};

/** Matches the type of the mobility header of IPv6 (ip6t_mh.c). */
export const mh = match("mh", {
  families: ["ipv6"],
  protocols: [135],
  options: [invertible("mh-type", mhRange, { isOmitted: coversAll(U8) })],
});
