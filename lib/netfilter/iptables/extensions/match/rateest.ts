import { RuleSyntaxError } from "../../rule-syntax-error";
import { readDouble, toUnsigned } from "../../values/double";
import { number, U32 } from "../../values/number";
import { text } from "../../values/text";
import type { ValueType } from "../../values/value-type";
import { flag, invertible, match, option } from "../declare";
import type { Options } from "../extension";
import { first } from "../option-values";

/** Bytes per second of each unit, with the names that tc uses. */
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

const bitRate: ValueType = {
  expected: "a rate such as 8bit, 5kbit or 1mbps",
  read: (word) => {
    const found = readDouble(word);
    const unit = found?.rest.toLowerCase();
    const factor = unit === "" ? RATES["bit"] : RATES[unit ?? "?"];
    if (!found || factor === undefined)
      throw new RuleSyntaxError(`"${word}" is not a rate`, Object.keys(RATES).join(", "));
    return shownRate(toUnsigned(found.value * factor));
  },
};

const TESTS = ["rateest-lt", "rateest-gt", "rateest-eq"];

const count = number(0, U32, "packets per second");

/** Printed for a rate that is not given. */
const NO_RATE = { bps: "0bit", pps: "0" } as const;

const UNITS = ["bps", "pps"] as const;

/** `--rateest-bps` is an alias of `--rateest-bps2`. */
const rate = (unit: "bps" | "pps", place: 1 | 2) =>
  option(`rateest-${unit}${place}`, unit === "bps" ? bitRate : count, {
    valueIfOmitted: NO_RATE[unit],
    aliases: place === 2 ? [`rateest-${unit}`] : [],
  });

const name = { ...text(15, false), expected: "the name of a rate estimator" };

/** The last of several tests is used. A `!` before any of them negates it. */
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

/** Compares the rates that `-j RATEEST` estimated (xt_rateest.c). */
export const rateest = match("rateest", {
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
      throw new RuleSyntaxError("nothing to compare the rate with", "--rateest-bps or --rateest-pps");
  },
  print,
});
