import { RuleSyntaxError } from "../../rule-syntax-error";
import type { ValueType } from "../../values/value-type";

const UNITS = [
  ["sec", 1],
  ["min", 60],
  ["hour", 3600],
  ["day", 86400],
] as const;

/** The kernel stores a rate as 1/10000 s per packet (XT_LIMIT_SCALE), which rounds high rates. */
const SCALE = 10000;

const UNIT_NAMES = ["second", "minute", "hour", "day"];

/** `N[/second|minute|hour|day]`. The unit may be shortened to any length. */
export const rate: ValueType = {
  expected: "a rate such as 5/min",
  read: (word) => {
    const [count = "", unit] = word.split("/");
    const names =
      unit === undefined
        ? 0
        : UNIT_NAMES.findIndex((name) => unit !== "" && name.startsWith(unit.toLowerCase()));
    const seconds = UNITS[names]?.[1];
    // Like atoi, ignores what follows the digits.
    const packets = Number.parseInt(count, 10) || 0;
    if (packets <= 0) throw new RuleSyntaxError(`"${word}" is not a rate`, "a rate such as 5/min");
    if (seconds === undefined)
      throw new RuleSyntaxError(`"${unit}" is not a unit of time`, UNIT_NAMES.join(", "));
    const cost = Math.floor((SCALE * seconds) / packets);
    if (cost === 0 || packets / seconds > SCALE)
      throw new RuleSyntaxError(`rate "${word}" is too high`, "at most 10000/sec");
    return shownRate(cost);
  },
};

/** The rate in the largest unit that does not round it, as libxt_limit prints it. */
function shownRate(cost: number): string {
  const units = [...UNITS].reverse();
  let index = 1;
  for (; index < units.length; index++) {
    const span = (units[index]?.[1] ?? 1) * SCALE;
    if (cost > span || Math.floor(span / cost) < span % cost) break;
  }
  const [name, seconds] = units[index - 1] ?? UNITS[0];
  return `${Math.floor((seconds * SCALE) / cost)}/${name}`;
}

/** Reads a canonical rate. */
export function rateParts(value: string): { packets: number; seconds: number } {
  const [count, unit] = value.split("/");
  return { packets: Number(count), seconds: UNITS.find(([name]) => name === unit)?.[1] ?? 1 };
}
