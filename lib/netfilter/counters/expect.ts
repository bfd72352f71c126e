import type { Rule, Ruleset, Step, TableName } from "../model";
import { keysOf, policyKey } from "./tally";

/** What one rule's or policy's counter must do when the predicted packet comes by. */
export interface ExpectedCount {
  readonly key: string;
  readonly table: TableName;
  readonly chain: string;
  /** Absent for a policy. */
  readonly rule?: Rule;
  /** `-A FORWARD -j DOCKER-USER`, `policy DROP`. */
  readonly text: string;
  /** `matches`: it grows with every packet that is sent. `passes`: it was asked and did not match. */
  readonly says: "matches" | "passes";
  /** For `matches`: by how much it grows for one packet, at least. For `passes`: why it did not match. */
  readonly least: number;
  readonly reason?: string;
}

/** The ways that a packet can take through a place, and what follows it there. */
export interface Passage {
  /** One list of steps for each outcome of the packet. */
  readonly ways: readonly (readonly Step[])[];
  /** Steps of what comes after it: replies, the connection's later packets, a host's own answers. Their hits are no news. */
  readonly after: readonly (readonly Step[])[];
}

/**
 * What a prediction says of the counters of one place: which rules must grow when the packet comes by, whatever way of
 * several it takes, and which must not, because they did not match on each.
 *
 * Rules that only some ways match, or that a later packet of the connection matches, are not judged: they may grow.
 */
export function expectedCounts(
  place: string,
  rulesets: readonly Ruleset[],
  { ways, after }: Passage,
): readonly ExpectedCount[] {
  const keys = keysOf(rulesets);
  const found = new Map<string, ExpectedCount>();
  const hits = ways.map((steps) => hitsOf(place, steps, keys, found));
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
    // A RETURN is told as the rule and again as the way back: it counts once.
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
