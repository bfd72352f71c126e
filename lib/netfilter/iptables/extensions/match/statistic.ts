import type { Context } from "../../context";
import { RuleSyntaxError } from "../../rule-syntax-error";
import { readDouble } from "../../values/double";
import { oneOf } from "../../values/list";
import { number, U32 } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import { invertible, match, option } from "../declare";
import type { Extension, Options } from "../extension";
import { first, inverted } from "../option-values";

/** The kernel stores round(p × 2^31). iptables-save prints that with eleven digits (libxt_statistic.c). */
const probability: ValueType = {
  expected: "a probability, 0 to 1",
  read: (word) => {
    const { value, rest } = readDouble(word) ?? { value: Number.NaN, rest: word };
    if (rest === word || rest !== "" || value < 0 || value > 1)
      throw new RuleSyntaxError(`"${word}" is not a probability`, "a number, 0 to 1");
    // iptables reads "nan" as 0.
    return (Math.round(0x80000000 * (value || 0)) / 0x80000000).toFixed(11);
  },
};

function statistics(options: Options): ReturnType<NonNullable<Extension["toMatches"]>> {
  if (first(options, "mode") === "random") {
    const threshold = Math.round(Number(first(options, "probability")) * 0x80000000);
    return [{ kind: "statisticRandom", inverted: inverted(options, "probability"), threshold }];
  }
  const every = Number(first(options, "every"));
  const packet = Number(first(options, "packet", "0"));
  return [{ kind: "statisticNth", inverted: inverted(options, "every"), every, packet }];
}

/** Matches at random, or every n-th packet (xt_statistic.c). */
export const statistic = match("statistic", {
  options: [
    option("mode", oneOf(["random", "nth"]), { required: true }),
    invertible("probability", probability, { excludes: ["every", "packet"] }),
    invertible("every", number(1, U32), { needs: ["packet"] }),
    option("packet", number(0, U32), { needs: ["every"] }),
  ],
  check: (options: Map<string, { inverted: boolean; values: readonly string[] }>, _context: Context) => {
    const random = first(options, "mode") === "random";
    if (random && !options.has("probability"))
      throw new RuleSyntaxError("--mode random needs --probability", "--probability P");
    if (!random && !options.has("every")) throw new RuleSyntaxError("--mode nth needs --every", "--every N");
    if (random === options.has("every"))
      throw new RuleSyntaxError("--every is for --mode nth", "--mode nth --every N");
    if (random) return;
    const packet = options.get("packet") ?? { inverted: false, values: ["0"] };
    if (Number(packet.values[0]) >= Number(first(options, "every")))
      throw new RuleSyntaxError("--packet must be less than --every", "0 to N-1");
    options.set("packet", packet);
  },
  print: (options) => {
    const not = inverted(options, "probability") || inverted(options, "every") ? "! " : "";
    if (first(options, "mode") === "random")
      return `--mode random ${not}--probability ${first(options, "probability")}`;
    return `--mode nth ${not}--every ${first(options, "every")} --packet ${first(options, "packet")}`;
  },
  toMatches: statistics,
});
