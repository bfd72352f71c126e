import type { Context } from "../../context";
import { RuleSyntaxError } from "../../rule-syntax-error";
import { readDouble, toUnsigned } from "../../values/double";
import { text } from "../../values/text";
import type { ValueType } from "../../values/value-type";
import { option, target } from "../declare";
import { first } from "../option-values";
import { sideEffectTarget } from "../shared/side-effect-target";

const TIME_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  s: 1e6,
  sec: 1e6,
  secs: 1e6,
  ms: 1e3,
  msec: 1e3,
  msecs: 1e3,
  us: 1,
  usec: 1,
  usecs: 1,
};

/** Reads a time in microseconds, the default unit. Stored in 32 bits, converted from a double as on amd64. */
function microseconds(word: string): number {
  const found = readDouble(word);
  const unit = TIME_UNITS[found?.rest.toLowerCase() ?? "?"];
  if (!found || unit === undefined)
    throw new RuleSyntaxError(`"${word}" is not a time`, "AMOUNT with s, ms or us");
  return toUnsigned(found.value * unit);
}

function shownTime(time: number): string {
  if (time >= 1e6) return `${(time / 1e6).toFixed(1)}s`;
  if (time >= 1e3) return `${(time / 1e3).toFixed(1)}ms`;
  return `${time}us`;
}

const QUARTER = 250_000;

/** Rounds to a power of two times a quarter of a second, as the kernel does (net/core/gen_estimator.c). */
function rounded(word: string): number {
  const time = microseconds(word);
  for (let power = 0; power <= 5; power++) if (time <= QUARTER * 2 ** power) return QUARTER * 2 ** power;
  throw new RuleSyntaxError(`interval "${word}" is too long`, "at most 8s");
}

/** Stored as it was written, because the time constant is computed from it before both are rounded. */
const interval: ValueType = {
  expected: "an interval such as 250ms",
  read: (word) => {
    rounded(word);
    return word;
  },
};

const ewma: ValueType = {
  expected: "a time constant such as 500ms",
  read: (word, _context: Context) => {
    microseconds(word);
    return word;
  },
};

/** The time constant as iptables prints it: the interval times a power of two, in 32 bits (libxt_RATEEST.c). */
function shownEwma(value: string, own: string): string {
  const time = microseconds(value);
  const step = microseconds(own);
  for (let power = 1; power < 31; power++) {
    const average = 1 - 1 / 2 ** power;
    if (-step / Math.log(average) <= time) continue;
    if (power === 1) throw new RuleSyntaxError(`"${value}" is too short`, "a longer time constant");
    return shownTime((rounded(own) * 2 ** (power - 1)) % 2 ** 32);
  }
  throw new RuleSyntaxError(`"${value}" is too long`, "a shorter time constant");
}

/** Estimates the rate of the packets that reach the rule (xt_RATEEST.c). */
export const RATEEST = target("RATEEST", {
  options: [
    option("rateest-name", text(15, false, 0), { required: true }),
    option("rateest-interval", interval, { required: true }),
    option("rateest-ewmalog", ewma, { required: true }),
  ],
  check: (options) => {
    const own = first(options, "rateest-interval");
    const values = [shownEwma(first(options, "rateest-ewmalog"), own)];
    options.set("rateest-ewmalog", { inverted: false, values });
    options.set("rateest-interval", { inverted: false, values: [shownTime(rounded(own))] });
  },
  toAction: sideEffectTarget("RATEEST"),
});
