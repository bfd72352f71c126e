import { RuleSyntaxError } from "../../rule-syntax-error";
import { readNumber, U32 } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import { flag, invertible, match, option } from "../declare";
import type { ParsedOption } from "../extension";

const two = (value: number): string => String(value).padStart(2, "0");

/** Like strtoul with base 10, reads no digits as 0. */
const decimal = (part: string): number | undefined =>
  /^(?:\s*\+?\d+)?$/.test(part) ? Number(part) : undefined;

const dayTime: ValueType = {
  expected: "HH:MM[:SS]",
  read: (word) => {
    const parts = word.split(":");
    const [hours = -1, minutes = -1, seconds = 0] = parts.map((part) => decimal(part) ?? -1);
    if (
      parts.length < 2 ||
      parts.length > 3 ||
      hours < 0 ||
      hours > 23 ||
      minutes < 0 ||
      minutes > 59 ||
      seconds < 0 ||
      seconds > 59
    )
      throw new RuleSyntaxError(`"${word}" is not a time of day`, "HH:MM[:SS]");
    return `${two(hours)}:${two(minutes)}:${two(seconds)}`;
  },
};

const N = "(\\s*\\+?\\d+)?";

const DATE = new RegExp(`^${N}(?:-${N}(?:-${N}(?:T${N}(?::${N}(?::${N})?)?)?)?)?$`);

const MOST = [2038, 12, 31, 23, 59, 59];

/**
 * Like timegm, reads month or day 0 as the last one of the period before, and days past the end of a month as days of
 * the next.
 */
const date: ValueType = {
  expected: "YYYY[-MM[-DD[Thh[:mm[:ss]]]]]",
  read: (word) => {
    const found = DATE.exec(word);
    const parts = [...word.matchAll(/[-T:]/g)].length + 1;
    const fields = MOST.map((_, index) =>
      index < parts ? (decimal(found?.[index + 1] ?? "") ?? 0) : index < 3 ? 1 : 0,
    );
    const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = fields;
    const at = Date.UTC(year, month - 1, day, hour, minute, second);
    if (!found || year < 1970 || at < 0 || fields.some((field, index) => field > (MOST[index] ?? 0)))
      throw new RuleSyntaxError(`"${word}" is not a date`, "YYYY[-MM[-DD[Thh[:mm[:ss]]]]], 1970 to 2038");
    return new Date(at).toISOString().slice(0, 19);
  },
};

const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/**
 * iptables accepts numbers above 7, but no day has them: the kernel stores eight bits (libxt_time.c,
 * time_parse_weekdays).
 */
const weekdays: ValueType = {
  expected: `a list of ${WEEKDAYS.join(", ")} or 1 to 7`,
  read: (word) => {
    let days = 0;
    for (const each of word.replace(/,$/, "").split(",")) {
      const named = WEEKDAYS.findIndex((day) => each.startsWith(day.slice(0, 2)));
      const value = named >= 0 ? BigInt(named + 1) : each.startsWith("-") ? negative(each) : readNumber(each);
      if (value === undefined || value === 0n)
        throw new RuleSyntaxError(`"${each}" is not a weekday`, `${WEEKDAYS.join(", ")} or 1 to 7`);
      if (value <= BigInt(U32)) days |= 1 << Number(value & 31n);
    }
    return WEEKDAYS.filter((_, index) => days & (2 << index)).join(",");
  },
};

function negative(word: string): bigint | undefined {
  const value = readNumber(word.slice(1));
  return value === undefined ? undefined : -value;
}

/**
 * iptables reads two characters of each entry, so that 010 is 1, and stores day 0, which no month has (libxt_time.c,
 * time_parse_monthdays).
 */
const monthdays: ValueType = {
  expected: "a list of days, 1 to 31",
  read: (word) => {
    const wanted = new Set<number>();
    for (const each of word.split(",")) {
      const value = each === "" ? 0n : readNumber(each.slice(0, 2));
      if (value === undefined || value > 31n)
        throw new RuleSyntaxError(`"${each}" is not a day of the month`, "1 to 31");
      wanted.add(each === "" ? -1 : Number(value));
    }
    wanted.delete(-1);
    return [...wanted].sort((one, other) => one - other).join(",");
  },
  print: (value) => value.replace(/^0,?/, ""),
};

const MONTHDAYS = Array.from({ length: 31 }, (_, index) => String(index + 1));

const FIRST_SECOND = "00:00:00";

const LAST_SECOND = "23:59:59";

const isEpoch = ({ values: [value] }: ParsedOption): boolean => value === "1970-01-01T00:00:00";

/** The default end: the last second that fits into 31 bits. */
const LAST_DATE = "2038-01-19T03:14:07";

/** iptables stores the days that match, not that they were written with `!`. */
function withoutExceptions(options: Map<string, ParsedOption>): void {
  for (const [name, all] of [
    ["weekdays", WEEKDAYS],
    ["monthdays", MONTHDAYS],
  ] as const) {
    const given = options.get(name);
    if (given?.inverted !== true) continue;
    const except = (given.values[0] ?? "").split(",");
    const none = except.includes("0") ? ["0"] : [];
    const values = [[...none, ...all.filter((day) => !except.includes(day))].join(",")];
    options.set(name, { inverted: false, values });
  }
  // iptables-save leaves out a list of all days.
  for (const [name, all] of [
    ["weekdays", WEEKDAYS],
    ["monthdays", MONTHDAYS],
  ] as const)
    if (options.get(name)?.values[0] === all.join(",")) options.delete(name);
}

/** Matches by time and date (xt_time.c). */
export const time = match("time", {
  options: [
    option("timestart", dayTime),
    option("timestop", dayTime),
    invertible("monthdays", monthdays),
    invertible("weekdays", weekdays),
    option("datestart", date, { isOmitted: isEpoch }),
    option("datestop", date, { defaultValues: () => [LAST_DATE], isOmitted: isEpoch }),
    flag("kerneltz", { excludes: ["utc"] }),
    flag("contiguous"),
    flag("localtz", { excludes: ["utc"] }),
    flag("utc"),
  ],
  check: (options) => {
    options.delete("utc");
    const local = options.get("localtz");
    if (local && options.delete("localtz")) options.set("kerneltz", local);
    const start = options.get("timestart")?.values[0];
    const stop = options.get("timestop")?.values[0];
    if (options.has("contiguous") && (stop ?? LAST_SECOND) >= (start ?? FIRST_SECOND))
      throw new RuleSyntaxError(
        "--contiguous needs a time that crosses midnight",
        "--timestop before --timestart",
      );
    withoutExceptions(options);
    for (const name of ["timestart", "timestop"]) options.delete(name);
    // iptables-save leaves out a whole day.
    if ((start ?? FIRST_SECOND) === FIRST_SECOND && (stop ?? LAST_SECOND) === LAST_SECOND) return;
    options.set("timestart", { inverted: false, values: [start ?? FIRST_SECOND] });
    options.set("timestop", { inverted: false, values: [stop ?? LAST_SECOND] });
  },
});
