import type { Rule, Ruleset, Step, TableName } from "../model";
import { keysOf, policyKey } from "./tally";

/** What a prediction says about the counter of one rule or policy. */
export interface ExpectedCount {
  readonly key: string;
  readonly table: TableName;
  readonly chain: string;
  /** Absent for a policy. */
  readonly rule?: Rule;
  /** `-A FORWARD -j DOCKER-USER`, `policy DROP`. */
  readonly text: string;
  /** `matches`: the counter grows with every packet that is sent. `passes`: the rule is evaluated and does not match. */
  readonly says: "matches" | "passes";
  /** For `matches`: by how much the counter grows for each packet, at least. */
  readonly least: number;
  /** For `passes`: why the rule does not match. */
  readonly reason?: string;
}

/** The predicted steps of a packet, and of the packets that follow it. */
export interface Passage {
  /** The steps of each outcome of the packet. */
  readonly outcomes: readonly (readonly Step[])[];
  /** The steps of later packets: replies, more packets of the connection, packets that the kernel sends in response. */
  readonly after: readonly (readonly Step[])[];
}

/**
 * Returns what a prediction says about the counters of one place: which counters must grow, because the rule matches in
 * every outcome, and which must not, because the rule is evaluated and never matches.
 *
 * Leaves out rules that match in some outcomes only, or that match a later packet.
 */
export function expectedCounts(
  place: string,
  rulesets: readonly Ruleset[],
  { outcomes, after }: Passage,
): readonly ExpectedCount[] {
  const keys = keysOf(rulesets);
  const found = new Map<string, ExpectedCount>();
  const hits = outcomes.map((steps) => hitsOf(place, steps, keys, found));
  const later = after.map((steps) => hitsOf(place, steps, keys, new Map()));
  return [...found.values()].flatMap((each) => {
    const counts = hits.map((hit) => hit.get(each.key) ?? 0);
    const least = Math.min(...counts);
    if (least > 0) return [{ ...each, says: "matches" as const, least }];
    const may = counts.some((n) => n > 0) || later.some((hit) => hit.has(each.key));
    return may || each.says === "matches" ? [] : [each];
  });
}

function hitsOf(
  place: string,
  steps: readonly Step[],
  keys: ReadonlyMap<Rule, string>,
  found: Map<string, ExpectedCount>,
): ReadonlyMap<string, number> {
  const hits = new Map<string, number>();
  const put = (each: ExpectedCount): void => {
    if (found.get(each.key)?.says !== "matches") found.set(each.key, each);
  };
  let last: Rule | undefined;
  for (const step of steps) {
    if (step.place !== place || !("unmatched" in step)) continue;
    const { table, chain, variant } = step;
    for (const { rule, reason } of step.unmatched) {
      const key = keys.get(rule);
      if (key !== undefined)
        put({ key, table, chain, rule, text: rule.text, says: "passes", least: 0, reason });
    }
    const rule = step.kind === "policy" ? undefined : step.rule;
    // A RETURN rule appears in two steps, the rule and the return. It counts once.
    const again = step.kind === "return" && rule !== undefined && rule === last;
    last = rule;
    if (step.kind === "rule" && step.hotdrop === true) continue;
    if (again || (rule === undefined && step.kind !== "policy")) continue;
    const key = rule === undefined ? policyKey(variant, table, chain) : keys.get(rule);
    if (key === undefined) continue;
    hits.set(key, (hits.get(key) ?? 0) + 1);
    const text = step.kind === "policy" ? `policy ${step.policy}` : (rule?.text ?? "");
    put({ key, table, chain, ...(rule ? { rule } : {}), text, says: "matches", least: 1 });
  }
  return hits;
}
