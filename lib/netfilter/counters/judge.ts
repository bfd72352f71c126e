import type { ExpectedCount } from "./expect";
import type { Tally } from "./tally";

/** Counters at the two ends of a stretch of time, and how many packets of the flow were sent in it. */
export interface Round {
  /** New connections, each of one packet and what follows it; 0 to learn what other traffic does. */
  readonly sent: number;
  readonly before: Tally;
  readonly after: Tally;
  readonly milliseconds: number;
}

/** What the counters say of one rule. */
export interface CountedRule {
  readonly expected: ExpectedCount;
  /** By how many packets it grew while the flow was sent; absent where the rule was replaced in the meantime. */
  readonly grew: number | undefined;
  /** `unsure`: other traffic, or a change of the rules, made it impossible to tell. */
  readonly says: "agrees" | "differs" | "unsure";
  /** One sentence. */
  readonly text: string;
}

/** Whether counters before and after are those that a path predicted. */
export interface CounterAgreement {
  /** False when one rule differs; true when the rules on the packet's way agree; undefined when nothing could be told. */
  readonly agrees: boolean | undefined;
  readonly rules: readonly CountedRule[];
}

/** How much more than the noise a flow must be to be seen in it. */
const ABOVE_NOISE = 4;

/**
 * Judges a prediction by counters. Other traffic counts too, so the two ways to be wrong are not alike: a rule that should
 * have matched and grew by less than was sent is wrong in any case; one that grew although it should not may have been
 * somebody else's, and differs only when it grew by all that was sent while it stood still before.
 *
 * @param rounds - at least one with packets; those without are the measure of other traffic.
 */
export function judgeCounts(expected: readonly ExpectedCount[], rounds: readonly Round[]): CounterAgreement {
  const rules = expected.map((each) => judge(each, rounds));
  const matching = rules.filter(({ expected: { says } }) => says === "matches");
  const told = (matching.length > 0 ? matching : rules).some(({ says }) => says === "agrees");
  const differs = rules.some(({ says }) => says === "differs");
  return { agrees: differs ? false : told ? true : undefined, rules };
}

function judge(expected: ExpectedCount, rounds: readonly Round[]): CountedRule {
  const { key, says, least, text, table, chain, rule } = expected;
  const name = `${table} ${chain} ${rule === undefined ? text : `rule ${rule.index} (${text})`}`;
  const grown = rounds.map((round) => ({ ...round, grew: growth(key, round) }));
  const sending = grown.filter(({ sent }) => sent > 0);
  const grew = sending.reduce<number | undefined>(
    (sum, each) => (sum === undefined || each.grew === undefined ? undefined : sum + each.grew),
    0,
  );
  const result = (verdict: CountedRule["says"], sentence: string): CountedRule => ({
    expected,
    grew,
    says: verdict,
    text: sentence,
  });
  if (grew === undefined || sending.length === 0) {
    return result("unsure", `${name} was replaced while its counter was watched`);
  }
  // iptables-nft makes some base chains without a counter of their own: their policy says 0 for ever.
  if (rule === undefined && rounds.every(({ after }) => (after.get(key) ?? 0) === 0)) {
    return result("unsure", `${name} does not count`);
  }
  const rate = noiseRate(grown);
  const sent = sending.reduce((sum, each) => sum + each.sent, 0);
  const packets = (n: number): string => `${n} packet${n === 1 ? "" : "s"}`;
  if (says === "matches") {
    const short = sending.find((each) => (each.grew ?? 0) < least * each.sent);
    if (short !== undefined) {
      return result(
        "differs",
        `${name} should have matched ${packets(least * short.sent)}, but grew by ${short.grew ?? 0}`,
      );
    }
    const clear = sending.some((each) => least * each.sent > ABOVE_NOISE * rate * each.milliseconds);
    if (clear)
      return result(
        "agrees",
        `${name} grew by ${packets(grew)}, ${packets(least * sent)} or more was predicted`,
      );
    return result("unsure", `${name} grew by ${packets(grew)}, but other traffic counts there as well`);
  }
  // Each packet of the flow is the same to a rule: one that does not grow by all of them has matched none of them.
  if (sending.some((each) => (each.grew ?? 0) < each.sent)) {
    return result(
      "agrees",
      grew === 0 ? `${name} did not grow` : `${name} grew by ${grew}, less than was sent`,
    );
  }
  const clear = sending.every((each) => each.sent > ABOVE_NOISE * rate * each.milliseconds);
  const because = expected.reason === undefined ? "" : ` (${expected.reason})`;
  if (!clear) return result("unsure", `${name} grew by ${packets(grew)}, as it does by other traffic`);
  return result("differs", `${name} should not have matched${because}, but grew by ${packets(grew)}`);
}

function growth(key: string, { before, after }: Round): number | undefined {
  const [from, to] = [before.get(key), after.get(key)];
  return from === undefined || to === undefined || to < from ? undefined : to - from;
}

/** Packets a millisecond that others send, as the rounds without packets show it; boundless where none could. */
function noiseRate(grown: readonly (Round & { readonly grew: number | undefined })[]): number {
  const quiet = grown.filter(({ sent, grew }) => sent === 0 && grew !== undefined);
  const time = quiet.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return time === 0 ? Number.POSITIVE_INFINITY : quiet.reduce((sum, { grew }) => sum + (grew ?? 0), 0) / time;
}
