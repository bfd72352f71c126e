import { number, oneOf, readDouble, U32 } from "../../values/numbers";
import {
  type Context,
  type Extension,
  invertible,
  type Kind,
  match,
  type Options,
  option,
  Refusal,
} from "../declare";
import { first, inverted } from "../option-values";

const UNITS = [
  ["sec", 1],
  ["min", 60],
  ["hour", 3600],
  ["day", 86400],
] as const;

/** The kernel counts in 1/10000 s per packet (XT_LIMIT_SCALE), so very high rates round. */
const SCALE = 10000;

const UNIT_NAMES = ["second", "minute", "hour", "day"];

/** `N[/second|minute|hour|day]`, the unit shortened at will. */
export const rate: Kind = {
  what: "a rate such as 5/min",
  read: (word) => {
    const [count = "", unit] = word.split("/");
    const names =
      unit === undefined
        ? 0
        : UNIT_NAMES.findIndex((name) => unit !== "" && name.startsWith(unit.toLowerCase()));
    const seconds = UNITS[names]?.[1];
    // atoi: whatever stands behind the digits is not looked at.
    const packets = Number.parseInt(count, 10) || 0;
    if (packets <= 0) throw new Refusal(`"${word}" is not a rate`, "a rate such as 5/min");
    if (seconds === undefined) throw new Refusal(`"${unit}" is not a unit of time`, UNIT_NAMES.join(", "));
    const cost = Math.floor((SCALE * seconds) / packets);
    if (cost === 0 || packets / seconds > SCALE)
      throw new Refusal(`rate "${word}" is too fast`, "at most 10000/sec");
    return shownRate(cost);
  },
};

/** The largest unit that keeps the rate, as libxt_limit picks it. */
export function shownRate(cost: number): string {
  const units = [...UNITS].reverse();
  let index = 1;
  for (; index < units.length; index++) {
    const span = (units[index]?.[1] ?? 1) * SCALE;
    if (cost > span || Math.floor(span / cost) < span % cost) break;
  }
  const [name, seconds] = units[index - 1] ?? UNITS[0];
  return `${Math.floor((seconds * SCALE) / cost)}/${name}`;
}

export function rateParts(value: string): { packets: number; seconds: number } {
  const [count, unit] = value.split("/");
  return { packets: Number(count), seconds: UNITS.find(([name]) => name === unit)?.[1] ?? 1 };
}

const limit = match("limit", {
  options: [
    option("limit", rate, { byDefault: () => ["3/hour"] }),
    option("limit-burst", number(1, 10000), {
      byDefault: () => ["5"],
      silent: (given) => given.values[0] === "5",
    }),
  ],
  lower: (options) => [
    {
      kind: "limit",
      inverted: false,
      ...rateParts(first(options, "limit", "3/hour")),
      burst: Number(first(options, "limit-burst", "5")),
    },
  ],
});

/** What the kernel keeps of a probability: round(p × 2^31), printed back with eleven digits (libxt_statistic.c). */
const probability: Kind = {
  what: "a probability, 0 to 1",
  read: (word) => {
    const { value, rest } = readDouble(word) ?? { value: Number.NaN, rest: word };
    if (rest === word || rest !== "" || value < 0 || value > 1)
      throw new Refusal(`"${word}" is not a probability`, "a number, 0 to 1");
    // What is no number becomes 0.
    return (Math.round(0x80000000 * (value || 0)) / 0x80000000).toFixed(11);
  },
};

function statistics(options: Options): ReturnType<NonNullable<Extension["lower"]>> {
  if (first(options, "mode") === "random") {
    const threshold = Math.round(Number(first(options, "probability")) * 0x80000000);
    return [{ kind: "statisticRandom", inverted: inverted(options, "probability"), threshold }];
  }
  const every = Number(first(options, "every"));
  const packet = Number(first(options, "packet", "0"));
  return [{ kind: "statisticNth", inverted: inverted(options, "every"), every, packet }];
}

const statistic = match("statistic", {
  options: [
    option("mode", oneOf(["random", "nth"]), { required: true }),
    invertible("probability", probability, { excludes: ["every", "packet"] }),
    invertible("every", number(1, U32), { needs: ["packet"] }),
    option("packet", number(0, U32), { needs: ["every"] }),
  ],
  check: (options: Map<string, { inverted: boolean; values: readonly string[] }>, _context: Context) => {
    const random = first(options, "mode") === "random";
    if (random && !options.has("probability"))
      throw new Refusal("--mode random lacks --probability", "--probability P");
    if (!random && !options.has("every")) throw new Refusal("--mode nth lacks --every", "--every N");
    if (random === options.has("every"))
      throw new Refusal("--every is for --mode nth", "--mode nth --every N");
    if (random) return;
    const packet = options.get("packet") ?? { inverted: false, values: ["0"] };
    if (Number(packet.values[0]) >= Number(first(options, "every")))
      throw new Refusal("--packet is not below --every", "0 to N-1");
    options.set("packet", packet);
  },
  print: (options) => {
    const not = inverted(options, "probability") || inverted(options, "every") ? "! " : "";
    if (first(options, "mode") === "random")
      return `--mode random ${not}--probability ${first(options, "probability")}`;
    return `--mode nth ${not}--every ${first(options, "every")} --packet ${first(options, "packet")}`;
  },
  lower: statistics,
});

export const RATE_MATCHES: readonly Extension[] = [limit, statistic];
