import type { ExpectedCount } from "./expect";
import type { Tally } from "./tally";

/** Counters before and after a period of time, and how many connections of the flow were opened in it. */
export interface Round {
  /** Number of connections that we opened between the two readings. 0: none, so all counted packets are other traffic. */
  readonly sent: number;
  readonly before: Tally;
  readonly after: Tally;
  readonly milliseconds: number;
}

/** The result of comparing the counter of one rule with the prediction. */
export interface CountedRule {
  readonly expected: ExpectedCount;
  /** By how many packets the counter grew while the flow was sent. Undefined if the rule was replaced in the meantime. */
  readonly grew: number | undefined;
  /** `unsure`: other traffic or a change of the rules makes a comparison impossible. */
  readonly says: "agrees" | "differs" | "unsure";
  /** One sentence. */
  readonly text: string;
}

/** Whether the counters confirm a predicted path. */
export interface CounterAgreement {
  /** False if one rule differs, true if a rule on the packet's path agrees, undefined if nothing can be compared. */
  readonly agrees: boolean | undefined;
  readonly rules: readonly CountedRule[];
}

/** A flow is distinguishable from other traffic if it has more than this many times as many packets. */
const ABOVE_NOISE = 4;

/**
 * Compares a prediction with counters. Other traffic also increases counters, so the two kinds of errors are treated
 * differently. If a rule should match but its counter grew by less than was sent, the prediction is wrong. If a rule
 * should not match but its counter grew, other traffic may be the reason; the prediction is wrong only if the counter
 * grew by everything that was sent and did not grow before.
 *
 * @param rounds - at least one in which packets were sent. Those without packets measure other traffic.
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
  // iptables-nft creates some base chains without a policy counter, which then always shows 0.
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
  // All packets of the flow are equal to a rule. If its counter grew by less than all of them, it matched none.
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

/** Packets of other traffic per millisecond, measured in the rounds without packets. Infinity if there are none. */
function noiseRate(grown: readonly (Round & { readonly grew: number | undefined })[]): number {
  const quiet = grown.filter(({ sent, grew }) => sent === 0 && grew !== undefined);
  const time = quiet.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return time === 0 ? Number.POSITIVE_INFINITY : quiet.reduce((sum, { grew }) => sum + (grew ?? 0), 0) / time;
}
