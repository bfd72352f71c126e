import type { Match, UnmatchedRule } from "../model";
import { BranchExplorer } from "./branch-explorer";
import type { CompiledChain } from "./compile";
import { type EvaluationContext, tryDecide } from "./evaluation";
import type { HookState } from "./hook-state";
import { reasonOf } from "./reason";
import { FRESH } from "./state";

/** A rule that was asked and failed at one of its conditions. */
export interface Failure {
  readonly position: number;
  readonly test: number;
}

const NOBODY: EvaluationContext = {
  state: FRESH,
  branches: new BranchExplorer(),
  unknownFields: new Set(),
  devices: new Map(),
};

/**
 * The rules between two positions of a chain that did not match, made when they are first looked at: most paths pass
 * thousands of rules that nobody ever reads. Rules that the index left out fail on a condition that can be asked again.
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
  for (let position = from; position < to; position++) {
    const compiled = chain.at(position);
    if (compiled === undefined) continue;
    const at =
      failed.get(position) ??
      compiled.tests.findIndex(({ ask }) => tryDecide(ask(hookState, NOBODY), NOBODY) === false);
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
