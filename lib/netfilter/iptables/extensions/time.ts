import { type Extension, flag, type Given, invertible, type Kind, match, option, Refusal } from "../declare";
import { readNumber } from "../values/numbers";

const two = (value: number): string => String(value).padStart(2, "0");

const dayTime: Kind = {
  what: "HH:MM[:SS]",
  read: (word) => {
    const parts = word.split(":");
    const [hours = -1, minutes = -1, seconds = 0] = parts.map((part) =>
      /^\d{1,2}$/.test(part) ? Number(part) : -1,
    );
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
      throw new Refusal(`"${word}" is not a time of day`, "HH:MM[:SS]");
    return `${two(hours)}:${two(minutes)}:${two(seconds)}`;
  },
};

/** The kernel keeps dates as seconds of 32 bits. */
const LAST = Date.UTC(2038, 0, 19, 3, 14, 7);

const date: Kind = {
  what: "YYYY[-MM[-DD[Thh[:mm[:ss]]]]]",
  read: (word) => {
    const found = /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:T(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}))?)?)?)?)?$/.exec(
      word,
    );
    const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] =
      found
        ?.slice(1)
        .map((part, index) => (part === undefined ? (index === 1 || index === 2 ? 1 : 0) : Number(part))) ??
      [];
    if (
      !found ||
      year < 1970 ||
      year > 2038 ||
      month < 1 ||
      month > 12 ||
      day < 1 ||
      day > 31 ||
      hour > 23 ||
      minute > 59 ||
      second > 59
    )
      throw new Refusal(`"${word}" is not a date`, "YYYY[-MM[-DD[Thh[:mm[:ss]]]]], 1970 to 2038");
    const at = Date.UTC(year, month - 1, day, hour, minute, second);
    if (at > LAST)
      throw new Refusal(`"${word}" is after the kernel's last date`, "2038-01-19T03:14:07 at most");
    return new Date(at).toISOString().slice(0, 19);
  },
};

const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

const weekdays: Kind = {
  what: `a list of ${WEEKDAYS.join(", ")} or 1 to 7`,
  read: (word) => {
    const wanted = new Set<number>();
    for (const each of word.split(",")) {
      const named = each.length >= 2 ? WEEKDAYS.findIndex((day) => each.startsWith(day.slice(0, 2))) : -1;
      const value = readNumber(each);
      if (named >= 0) wanted.add(named);
      else if (value !== undefined && value >= 1n && value <= 7n) wanted.add(Number(value) - 1);
      else throw new Refusal(`"${each}" is not a weekday`, `${WEEKDAYS.join(", ")} or 1 to 7`);
    }
    return WEEKDAYS.filter((_, index) => wanted.has(index)).join(",");
  },
};

const monthdays: Kind = {
  what: "a list of days, 1 to 31",
  read: (word) => {
    const wanted = new Set<number>();
    for (const each of word.split(",")) {
      const value = /^\d+$/.test(each) ? Number(each) : 0;
      if (value < 1 || value > 31) throw new Refusal(`"${each}" is not a day of the month`, "1 to 31");
      wanted.add(value);
    }
    return [...wanted].sort((one, other) => one - other).join(",");
  },
};

const MONTHDAYS = Array.from({ length: 31 }, (_, index) => String(index + 1));

const FIRST_SECOND = "00:00:00";
const LAST_SECOND = "23:59:59";

const isEpoch = ({ values: [value] }: Given): boolean => value === "1970-01-01T00:00:00";

/** What iptables-save prints where no end was given: the last second that 31 bits hold. */
const LAST_DATE = "2038-01-19T03:14:07";

/** iptables keeps which days are meant, not that they were written as an exception. */
function withoutExceptions(options: Map<string, Given>): void {
  for (const [name, all] of [
    ["weekdays", WEEKDAYS],
    ["monthdays", MONTHDAYS],
  ] as const) {
    const given = options.get(name);
    if (given?.inverted !== true) continue;
    const except = (given.values[0] ?? "").split(",");
    const values = [all.filter((day) => !except.includes(day)).join(",")];
    options.set(name, { inverted: false, values });
  }
}

const time = match("time", {
  options: [
    option("timestart", dayTime),
    option("timestop", dayTime),
    invertible("monthdays", monthdays),
    invertible("weekdays", weekdays),
    option("datestart", date, { silent: isEpoch }),
    option("datestop", date, { byDefault: () => [LAST_DATE], silent: isEpoch }),
    flag("kerneltz", { repeatable: true, excludes: ["utc"] }),
    flag("contiguous"),
    flag("localtz", { repeatable: true, excludes: ["utc"], becomes: (given) => ["kerneltz", given] }),
    flag("utc", { excludes: ["kerneltz"] }),
  ],
  check: (options) => {
    options.delete("utc");
    const start = options.get("timestart")?.values[0];
    const stop = options.get("timestop")?.values[0];
    if (options.has("contiguous") && (stop ?? LAST_SECOND) >= (start ?? FIRST_SECOND))
      throw new Refusal("--contiguous within one day", "--timestop before --timestart");
    withoutExceptions(options);
    for (const name of ["timestart", "timestop"]) options.delete(name);
    // A whole day asks nothing.
    if ((start ?? FIRST_SECOND) === FIRST_SECOND && (stop ?? LAST_SECOND) === LAST_SECOND) return;
    options.set("timestart", { inverted: false, values: [start ?? FIRST_SECOND] });
    options.set("timestop", { inverted: false, values: [stop ?? LAST_SECOND] });
  },
});

export const TIME_MATCHES: readonly Extension[] = [time];
