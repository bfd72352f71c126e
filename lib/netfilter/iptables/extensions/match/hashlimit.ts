import type { Match } from "../../../model/match";
import type { Context } from "../../context";
import { RuleSyntaxError } from "../../rule-syntax-error";
import { prefixLength } from "../../values/address/mask";
import { number, readPrefix, U32, U64, whole } from "../../values/number";
import { text } from "../../values/text";
import type { ValueType } from "../../values/value-type";
import { flag, invertible, match, option } from "../declare";
import type { Options } from "../extension";
import { first } from "../option-values";

/** Units of xt_hashlimit.h, revision 3: a packet costs microseconds, and bytes are counted in units of 16. */
const SCALE = 1_000_000n;

const BYTE_SHIFT = 4n;

const FULL = BigInt(U32);

const MOST_BURST = 1_000_000n;

const GC_INTERVAL = "1000";

const UNITS = [
  ["day", 86400n],
  ["hour", 3600n],
  ["min", 60n],
  ["sec", 1n],
] as const;

const LONG_UNITS = ["second", "minute", "hour", "day"];

const SECONDS = [1n, 60n, 3600n, 86400n];

const costToBytes = (cost: bigint): bigint => ((cost > 0n ? FULL / cost : FULL) - 1n) << BYTE_SHIFT;

const bytesToCost = (bytes: bigint): bigint => FULL / (((bytes >> BYTE_SHIFT) & FULL) + 1n);

const factor = (unit: string): bigint => (unit === "m" ? 1048576n : unit === "k" ? 1024n : 1n);

interface Average {
  readonly bytes: boolean;
  /** Cost of one packet, or of 16 bytes. */
  readonly cost: bigint;
  /** Seconds of the unit in which the rate is written. */
  readonly unit: bigint;
}

const what = "a rate such as 10/sec or 512kb/s";

function readAverage(word: string): Average {
  const bytes = /^(\d+)([km]?)b\/s/.exec(word);
  if (bytes) {
    const amount = BigInt(bytes[1] ?? "0") * factor(bytes[2] ?? "");
    if (amount === 0n) throw new RuleSyntaxError(`rate "${word}" is zero`, what);
    const cost = amount > U64 ? 0n : bytesToCost(amount);
    if (cost === 0n) throw new RuleSyntaxError(`rate "${word}" is too high`, what);
    return { bytes: true, cost, unit: 15n };
  }
  const [count = "", unit] = word.split("/");
  const index =
    unit === undefined
      ? 0
      : LONG_UNITS.findIndex((name) => unit !== "" && name.startsWith(unit.toLowerCase()));
  const seconds = SECONDS[index];
  // Like atoi, ignores what follows the digits.
  const packets = BigInt(/^\s*\d+/.exec(count)?.[0] ?? 0);
  if (seconds === undefined || packets === 0n) throw new RuleSyntaxError(`"${word}" is not a rate`, what);
  const cost = (SCALE * seconds) / packets;
  if (cost === 0n) throw new RuleSyntaxError(`rate "${word}" is too high`, "at most 1000000/sec");
  return { bytes: false, cost, unit: seconds };
}

const average: ValueType = {
  expected: what,
  read: (word) => {
    readAverage(word);
    return word;
  },
};

const burst: ValueType = {
  expected: "a number of packets, or of bytes such as 1mb",
  read: (word) => {
    const { value, rest } = readPrefix(word) ?? { value: 0n, rest: "" };
    const unit = /^[km]/.exec(rest)?.[0] ?? "";
    if (value === 0n || (unit === "" && value > MOST_BURST))
      throw new RuleSyntaxError(`"${word}" is not a burst`, `1 to ${MOST_BURST}`);
    return String(value * factor(unit));
  },
};

const KEYS = ["srcip", "srcport", "dstip", "dstport"] as const;

const keys: ValueType = {
  expected: `a list of ${KEYS.join(", ")}`,
  read: (word) => {
    const wanted = word.split(/[,|]/).filter((each) => each !== "");
    for (const each of wanted)
      if (!KEYS.some((key) => key === each))
        throw new RuleSyntaxError(`"${each}" is not a part of the key`, KEYS.join(", "));
    return KEYS.filter((key) => wanted.includes(key)).join(",");
  },
};

const full = ({ family }: Context): number => (family === "ipv6" ? 128 : 32);

const maskLength = prefixLength("refused");

/** The rate in the largest unit that does not round it, as libxt_hashlimit prints it, and that unit in milliseconds. */
function shownPackets(cost: bigint): readonly [string, bigint] {
  let index = 1;
  for (; index < UNITS.length; index++) {
    const span = (UNITS[index]?.[1] ?? 1n) * SCALE;
    if (cost > span || span / cost < span % cost) break;
  }
  const [name, seconds] = UNITS[index - 1] ?? UNITS[3];
  return [`${(seconds * SCALE) / cost}/${name}`, seconds * 1000n];
}

const BYTE_UNITS = ["m", "k", ""] as const;

function shownBytes(cost: bigint): string {
  const rate = costToBytes(cost);
  const unit =
    BYTE_UNITS.find((each) => {
      const size = factor(each);
      return each === "" || (rate >= size && bytesToCost(rate - (rate % size)) === cost);
    }) ?? "";
  return `${rate / factor(unit)}${unit}b/s`;
}

function shownBurst(bytes: bigint): string {
  const unit = BYTE_UNITS.find((each) => each === "" || bytes >= factor(each)) ?? "";
  return `${bytes / factor(unit)}${unit}b`;
}

interface Config {
  readonly above: boolean;
  readonly average: Average;
  /** In packets, or in bytes if the rate is in bytes. 0: no burst of bytes. */
  readonly burst: bigint;
  readonly rateShown: string;
  readonly defaultExpire: bigint;
  readonly expire: bigint;
}

function config(options: Options): Config {
  const upto = options.get("hashlimit-upto");
  const given = upto ?? options.get("hashlimit-above");
  const above = (upto === undefined) !== (given?.inverted ?? false);
  const rate = readAverage(given?.values[0] ?? "");
  const written = options.get("hashlimit-burst")?.values[0];
  const expires = options.get("hashlimit-htable-expire")?.values[0];
  if (rate.bytes) {
    const unit = costToBytes(rate.cost);
    const amount = BigInt(written ?? "0");
    const rounds = written === undefined || unit === 0n ? 0n : (amount + unit - 1n) / unit;
    const quantum = (rounds > 0n ? 60n : 15n) * 1000n;
    return {
      above,
      average: rate,
      burst: rounds * unit,
      rateShown: shownBytes(rate.cost),
      defaultExpire: quantum,
      expire: expires === undefined ? quantum : BigInt(expires),
    };
  }
  const match = options.has("hashlimit-rate-match");
  const cost = match ? rate.cost / rate.unit : rate.cost;
  const [rateShown, quantum] = shownPackets(cost === 0n ? 1n : cost);
  return {
    above,
    average: { ...rate, cost },
    burst: BigInt(written ?? "5"),
    rateShown,
    defaultExpire: quantum,
    expire: expires === undefined ? rate.unit * 1000n : BigInt(expires),
  };
}

function print(options: Options, _variant: string, context: Context): string {
  const found = config(options);
  const shown = [`--hashlimit-${found.above ? "above" : "upto"} ${found.rateShown}`];
  const plain = (name: string, silent?: string): void => {
    const value = options.get(name)?.values[0];
    if (value !== undefined && value !== silent) shown.push(`--${name} ${value}`);
  };
  if (!found.average.bytes) shown.push(`--hashlimit-burst ${found.burst}`);
  else if (found.burst > 0n) shown.push(`--hashlimit-burst ${shownBurst(found.burst)}`);
  plain("hashlimit-mode", "");
  plain("hashlimit-name");
  plain("hashlimit-htable-size", "0");
  plain("hashlimit-htable-max", "0");
  plain("hashlimit-htable-gcinterval", GC_INTERVAL);
  if (found.expire !== found.defaultExpire) shown.push(`--hashlimit-htable-expire ${found.expire}`);
  plain("hashlimit-srcmask", String(full(context)));
  plain("hashlimit-dstmask", String(full(context)));
  if (options.has("hashlimit-rate-match")) {
    shown.push("--hashlimit-rate-match");
    const interval = first(
      options,
      "hashlimit-rate-interval",
      String(found.average.bytes ? 1 : found.average.unit),
    );
    if (interval !== "1") shown.push(`--hashlimit-rate-interval ${interval}`);
  }
  return shown.join(" ");
}

function toMatches(options: Options, context: Context): readonly Match[] {
  const found = config(options);
  const { bytes, cost } = found.average;
  const mode = first(options, "hashlimit-mode").split(",");
  return [
    {
      kind: "hashlimit",
      inverted: false,
      name: first(options, "hashlimit-name"),
      above: found.above,
      packets: bytes ? Number(costToBytes(cost)) : Number(SCALE),
      seconds: bytes ? 1 : Number(cost),
      burst: Number(found.burst),
      key: KEYS.filter((key) => mode.includes(key)),
      srcMask: Number(first(options, "hashlimit-srcmask", String(full(context)))),
      dstMask: Number(first(options, "hashlimit-dstmask", String(full(context)))),
      bytes,
      expireMs: Number(found.expire),
    },
  ];
}

/** The kernel creates a file with this name in /proc/net/ipt_hashlimit. */
const tableName: ValueType = {
  ...text(254, false),
  read: (word, context) => {
    if (word.includes("/"))
      throw new RuleSyntaxError(`"${word}" cannot be the name of a file`, 'a name without "/"');
    return text(254).read(word, context);
  },
};

/** The kernel reduces larger values to this one (HASHLIMIT_MAX_SIZE). */
const MOST_ENTRIES = 1048576;

const capped: ValueType = {
  expected: "a number",
  read: (word) => String(Math.min(Number(whole(word, 0, U32, "a number")), MOST_ENTRIES)),
};

/** Like atoi, reads decimal digits and ignores what follows them. */
const interval: ValueType = {
  expected: "a number of seconds",
  read: (word) => {
    const seconds = Number(/^\s*\+?(\d+)/.exec(word)?.[1] ?? 0);
    if (seconds < 1 || seconds > 2147483647)
      throw new RuleSyntaxError(`"${word}" is not a number of seconds`, "1 to 2147483647, in decimal");
    return String(seconds);
  },
};

/** Matches by rate, with one token bucket per address or port (xt_hashlimit.c). */
export const hashlimit = match("hashlimit", {
  oneOf: ["hashlimit-upto", "hashlimit-above"],
  options: [
    invertible("hashlimit-upto", average, { aliases: ["hashlimit"], excludes: ["hashlimit-above"] }),
    invertible("hashlimit-above", average, { excludes: ["hashlimit-upto"] }),
    option("hashlimit-burst", burst),
    option("hashlimit-mode", keys),
    option("hashlimit-name", tableName, { required: true }),
    option("hashlimit-htable-size", capped),
    option("hashlimit-htable-max", capped),
    option("hashlimit-htable-gcinterval", number(1, U32)),
    option("hashlimit-htable-expire", number(1, U32)),
    option("hashlimit-srcmask", maskLength),
    option("hashlimit-dstmask", maskLength),
    flag("hashlimit-rate-match"),
    option("hashlimit-rate-interval", interval),
  ],
  check: (options) => {
    const { average: rate } = config(options);
    const written = BigInt(options.get("hashlimit-burst")?.values[0] ?? "5");
    if (!rate.bytes && written > MOST_BURST)
      throw new RuleSyntaxError(`burst ${written} is too large`, `1 to ${MOST_BURST}`);
    if (rate.bytes && options.has("hashlimit-burst") && written < costToBytes(rate.cost))
      throw new RuleSyntaxError("the burst is smaller than the rate", `at least ${costToBytes(rate.cost)}b`);
  },
  print,
  toMatches,
});
