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
import { number, readDouble, text, toUnsigned, U32, U64 } from "../values/numbers";
import { first } from "../values/read";
import { note } from "./note";

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
    if (word === "") return "";
    const found = readDouble(word);
    const unit = found?.rest.toLowerCase();
    const factor = unit === "" ? RATES["bit"] : RATES[unit ?? "?"];
    if (!found || factor === undefined)
      throw new Refusal(`"${word}" is not a rate`, Object.keys(RATES).join(", "));
    return shownRate(toUnsigned(found.value * factor));
  },
};

const TESTS = ["lt", "gt", "eq"].map((test) => `rateest-${test}`);
const others = (own: string): readonly string[] => TESTS.filter((each) => each !== own);

const optionalRate = (name: string) => option(name, bitRate, { optional: "" });
const optionalCount = (name: string) => option(name, countOrNone, { optional: "" });

const count = number(0, U32, "packets per second");
const countOrNone: Kind = {
  ...count,
  read: (word, context) => (word === "" ? "" : count.read(word, context)),
};

function print(options: Options): string {
  const shown: string[] = [];
  const delta = options.has("rateest-delta");
  const pair = options.has("rateest2");
  const value = (name: string): string => {
    const given = options.get(name)?.values[0];
    return given === undefined ? "" : given === "" ? ` --${name}` : ` --${name} ${given}`;
  };
  if (delta) shown.push("--rateest-delta");
  shown.push(`--rateest${pair ? "1" : ""} ${first(options, "rateest1")}`);
  if (delta) shown.push(`${value("rateest-bps1")}${value("rateest-pps1")}`.trim());
  const test = TESTS.find((name) => options.has(name)) ?? "rateest-lt";
  shown.push(`${options.get(test)?.inverted ? "! " : ""}--${test}`);
  if (delta) shown.push(`${value("rateest-bps2")}${value("rateest-pps2")}`.trim());
  else shown.push(`${value("rateest-bps")}${value("rateest-pps")}`.trim());
  if (pair) shown.push(`--rateest2 ${first(options, "rateest2")}`);
  return shown.filter((each) => each !== "").join(" ");
}

const rateest = match("rateest", {
  options: [
    option("rateest1", text(15, false), { aliases: ["rateest"], required: true }),
    option("rateest2", text(15, false)),
    flag("rateest-delta"),
    ...["bps", "bps1", "bps2"].map((name) => optionalRate(`rateest-${name}`)),
    ...["pps", "pps1", "pps2"].map((name) => optionalCount(`rateest-${name}`)),
    ...TESTS.map((name) => invertible(name, [], { excludes: others(name) })),
  ],
  oneOf: TESTS,
  check: (options) => {
    if (![...options.keys()].some((name) => /^rateest-[bp]ps/.test(name)))
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
    option("rateest-name", text(15, false), { required: true }),
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
