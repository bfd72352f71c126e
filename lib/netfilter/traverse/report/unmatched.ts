import type { Match, UnmatchedRule } from "../../model";
import type { CompiledChain } from "../chain/compile";
import { tryDecide } from "../state/answer";
import { Evaluation } from "../state/evaluation";
import type { HookState } from "../state/hook-state";
import { reasonOf } from "./reason";

/** The position of a rule that did not match, and of its first condition that failed. */
export interface Failure {
  readonly position: number;
  readonly test: number;
}

/**
 * Returns the rules between two positions of a chain, none of which matched. Computed on demand, because a path may pass
 * thousands of rules. Rules that the index skipped fail at a pure condition, which is evaluated again here.
 */
export function unmatchedBetween(
  chain: CompiledChain,
  from: number,
  to: number,
  failures: readonly Failure[],
  hookState: HookState,
): UnmatchedRule[] {
  const failed = new Map(failures.map(({ position, test }) => [position, test]));
  const unmatched: UnmatchedRule[] = [];
  const nothing = Evaluation.start();
  for (let position = from; position < to; position++) {
    const compiled = chain.at(position);
    if (compiled === undefined) continue;
    const at =
      failed.get(position) ??
      compiled.tests.findIndex(({ ask }) => tryDecide(ask(hookState, nothing), nothing) === false);
    const match = compiled.tests[at]?.match;
    if (match === undefined) continue;
    unmatched.push(unmatchedRule(compiled.rule, match, hookState));
  }
  return unmatched;
}

function unmatchedRule(rule: UnmatchedRule["rule"], failed: Match, hookState: HookState): UnmatchedRule {
  let reason: string | undefined;
  return {
    rule,
    failed,
    get reason() {
      reason ??= reasonOf(failed, hookState);
      return reason;
    },
  };
}
