import type { Match, Tried } from "../model";
import { Choices } from "./branch-explorer";
import type { CompiledChain } from "./compile";
import { type Mind, peek } from "./evaluation";
import type { View } from "./hook-state";
import { reasonOf } from "./reason";
import { FRESH } from "./state";

/** A rule that was asked and failed at one of its conditions. */
export interface Failure {
  readonly position: number;
  readonly test: number;
}

const NOBODY: Mind = { state: FRESH, choices: new Choices(), blanks: new Set(), devices: new Map() };

/**
 * The rules between two positions of a chain that did not match, made when they are first looked at: most paths pass
 * thousands of rules that nobody ever reads. Rules that the index left out fail on a condition that can be asked again.
 */
export function triedBetween(
  chain: CompiledChain,
  from: number,
  to: number,
  failures: readonly Failure[],
  view: View,
): Tried[] {
  const failed = new Map(failures.map(({ position, test }) => [position, test]));
  const tried: Tried[] = [];
  for (let position = from; position < to; position++) {
    const compiled = chain.at(position);
    if (compiled === undefined) continue;
    const at =
      failed.get(position) ??
      compiled.tests.findIndex(({ ask }) => peek(ask(view, NOBODY), NOBODY) === false);
    const match = compiled.tests[at]?.match;
    if (match === undefined) continue;
    tried.push(triedOf(compiled.rule, match, view));
  }
  return tried;
}

function triedOf(rule: Tried["rule"], failed: Match, view: View): Tried {
  let reason: string | undefined;
  return {
    rule,
    failed,
    get reason() {
      reason ??= reasonOf(failed, view);
      return reason;
    },
  };
}
