import { number, readDouble, text, toUnsigned, U32, U64 } from "../../values/numbers";
import {
  type Context,
  type Extension,
  flag,
  invertible,
  type Kind,
  match,
  type Options,
  option,
  Refusal,
  target,
} from "../declare";
import { first } from "../option-values";
import { note } from "../shared/side-effect-target";

/** Bytes per second of one unit, as tc names them. */
const RATES: Readonly<Record<string, number>> = {
  bit: 1 / 8,
  kbit: 125,
  kibit: 128,
  mbit: 125e3,
  mibit: 131072,
  gbit: 125e6,
  gibit: 134217728,
  tbit: 125e9,
  tibit: 137438953472,
  bps: 1,
  kbps: 1e3,
  kibps: 1024,
  mbps: 1e6,
  mibps: 1048576,
  gbps: 1e9,
  gibps: 1073741824,
  tbps: 1e12,
  tibps: 1099511627776,
};

function shownRate(bytes: number): string {
  const bits = bytes * 8;
  if (bits >= 1e9) return `${(bits / 1e6).toFixed(0)}Mbit`;
  if (bits >= 1e6) return `${(bits / 1e3).toFixed(0)}Kbit`;
  return `${bits.toFixed(0)}bit`;
}

const bitRate: Kind = {
  what: "a rate such as 8bit, 5kbit or 1mbps",
  read: (word) => {
    const found = readDouble(word);
    const unit = found?.rest.toLowerCase();
    const factor = unit === "" ? RATES["bit"] : RATES[unit ?? "?"];
    if (!found || factor === undefined)
      throw new Refusal(`"${word}" is not a rate`, Object.keys(RATES).join(", "));
    return shownRate(toUnsigned(found.value * factor));
  },
};

const TESTS = ["rateest-lt", "rateest-gt", "rateest-eq"];

const count = number(0, U32, "packets per second");

/** What stands for a rate that is not given. */
const NO_RATE = { bps: "0bit", pps: "0" } as const;

const UNITS = ["bps", "pps"] as const;

/** `--rateest-bps` is another name of `--rateest-bps2`. */
const rate = (unit: "bps" | "pps", place: 1 | 2) =>
  option(`rateest-${unit}${place}`, unit === "bps" ? bitRate : count, {
    optional: NO_RATE[unit],
    aliases: place === 2 ? [`rateest-${unit}`] : [],
  });

const name = { ...text(15, false), what: "the name of a rate estimator" };

/** The last test counts, and `!` before one of them for all. */
function shownTest(options: Options): string {
  const given = [...options].filter(([each]) => TESTS.includes(each));
  const inverted = given.some(([, each]) => each.inverted);
  return `${inverted ? "! " : ""}--${given.at(-1)?.[0]}`;
}

function print(options: Options): string {
  const delta = options.has("rateest-delta");
  const second = options.get("rateest2")?.values[0];
  const shown = delta ? ["--rateest-delta"] : [];
  shown.push(`--rateest${second === undefined ? "" : "1"} ${first(options, "rateest1")}`);
  for (const unit of UNITS) {
    const [one, two] = ([1, 2] as const).map((place) => options.get(`rateest-${unit}${place}`)?.values[0]);
    if (one === undefined && two === undefined) continue;
    if (delta) shown.push(`--rateest-${unit}1 ${one ?? NO_RATE[unit]}`);
    shown.push(shownTest(options));
    if (delta) shown.push(`--rateest-${unit}2 ${two ?? NO_RATE[unit]}`);
    else shown.push(`--rateest-${unit}${second === undefined ? ` ${two ?? NO_RATE[unit]}` : ""}`);
  }
  if (second !== undefined) shown.push(`--rateest2 ${second}`);
  return shown.join(" ");
}

const rateest = match("rateest", {
  options: [
    option("rateest1", name, { aliases: ["rateest"], required: true }),
    option("rateest2", name),
    flag("rateest-delta"),
    ...UNITS.flatMap((unit) => [rate(unit, 1), rate(unit, 2)]),
    ...TESTS.map((each) => invertible(each, [])),
  ],
  oneOf: TESTS,
  check: (options) => {
    if (![...options.keys()].some((each) => /^rateest-[bp]ps/.test(each)))
      throw new Refusal("no rate to compare with", "--rateest-bps or --rateest-pps");
  },
  print,
});

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

/** Microseconds of a time; a number alone is in microseconds. Kept in 32 bits, as C makes them of a double on amd64. */
function microseconds(word: string): number {
  const found = readDouble(word);
  const unit = TIME_UNITS[found?.rest.toLowerCase() ?? "?"];
  if (!found || unit === undefined) throw new Refusal(`"${word}" is not a time`, "AMOUNT with s, ms or us");
  return toUnsigned(found.value * unit);
}

function shownTime(time: number): string {
  if (time >= 1e6) return `${(time / 1e6).toFixed(1)}s`;
  if (time >= 1e3) return `${(time / 1e3).toFixed(1)}ms`;
  return `${time}us`;
}

const QUARTER = 250_000;

/** Rounded to 2^n quarter seconds, as the kernel keeps it (net/core/gen_estimator.c). */
function rounded(word: string): number {
  const time = microseconds(word);
  for (let power = 0; power <= 5; power++) if (time <= QUARTER * 2 ** power) return QUARTER * 2 ** power;
  throw new Refusal(`interval "${word}" is too long`, "at most 8s");
}

/** Kept as it was written: the time constant is a multiple of that, and only then both are rounded. */
const interval: Kind = {
  what: "an interval such as 250ms",
  read: (word) => {
    rounded(word);
    return word;
  },
};

const ewma: Kind = {
  what: "a time constant such as 500ms",
  read: (word, _context: Context) => {
    microseconds(word);
    return word;
  },
};

/** The time constant is kept as a power of two of the interval, and printed in 32 bits (libxt_RATEEST.c). */
function shownEwma(value: string, own: string): string {
  const time = microseconds(value);
  const step = microseconds(own);
  for (let power = 1; power < 31; power++) {
    const average = 1 - 1 / 2 ** power;
    if (-step / Math.log(average) <= time) continue;
    if (power === 1) throw new Refusal(`"${value}" is too short`, "a longer time constant");
    return shownTime((rounded(own) * 2 ** (power - 1)) % 2 ** 32);
  }
  throw new Refusal(`"${value}" is too long`, "a shorter time constant");
}

const RATEEST = target("RATEEST", {
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
  act: note("RATEEST"),
});

const quota = match("quota", { options: [invertible("quota", number(0, U64), { required: true })] });

export const RATEEST_EXTENSIONS: readonly Extension[] = [rateest, RATEEST, quota];
