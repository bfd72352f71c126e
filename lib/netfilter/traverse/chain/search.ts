import type { Failure } from "../report/unmatched";
import { decide, tryDecide } from "../state/answer";
import type { Evaluation } from "../state/evaluation";
import type { HookState } from "../state/hook-state";
import type { Frame } from "./frame";
import type { CompiledRule } from "./rule-index";

type Hit =
  | { readonly kind: "hit"; readonly because: string | undefined; readonly hotdrop: boolean }
  | { readonly kind: "miss"; readonly test: number };

/** A rule that matched, at a position of its chain. */
export interface MatchedRule {
  readonly compiled: CompiledRule;
  /** Set if the rule matched because of a random or an unknown condition. */
  readonly because: string | undefined;
  /** The match dropped the packet (par->hotdrop). */
  readonly hotdrop: boolean;
}

/**
 * The result of a search. `paused`: a rule did not match, but it might have. The rest of the chain is another stage, so
 * that the other branch does not evaluate the rules before this one again.
 */
export type Search =
  | {
      readonly kind: "hit";
      readonly rule: MatchedRule;
      readonly position: number;
      readonly failures: readonly Failure[];
    }
  | { readonly kind: "end"; readonly position: number; readonly failures: readonly Failure[] }
  | { readonly kind: "paused"; readonly frame: Frame };

/** Evaluates the conditions of a rule in order, and stops at the first one that does not match (ipt_do_table). */
function evaluate(rule: CompiledRule, hookState: HookState, evaluation: Evaluation): Hit {
  const { tests } = rule;
  let because: string | undefined;
  for (let at = 0; at < tests.length; at++) {
    const test = tests[at];
    if (test === undefined) break;
    const answer = test.ask(hookState, evaluation);
    if (answer === true) continue;
    if (answer === false) return { kind: "miss", test: at };
    if (answer === "hotdrop") return { kind: "hit", because, hotdrop: true };
    if (tryDecide(answer, evaluation) === undefined) {
      const sure = surelyFails(rule, at + 1, hookState, evaluation);
      if (sure >= 0) return { kind: "miss", test: sure };
      because =
        answer.kind === "chance"
          ? "the random condition matched"
          : "it is unknown whether it matches: both results are followed";
    }
    if (!decide(answer, evaluation)) return { kind: "miss", test: at };
  }
  return { kind: "hit", because, hotdrop: false };
}

/** Finds a later condition that certainly fails. The unknown one is then irrelevant, unless a stateful one is in between. */
function surelyFails(rule: CompiledRule, from: number, hookState: HookState, evaluation: Evaluation): number {
  for (let at = from; at < rule.tests.length; at++) {
    const test = rule.tests[at];
    if (test === undefined || test.kind === "stateful") return -1;
    if (test.kind === "pure" && tryDecide(test.ask(hookState, evaluation), evaluation) === false) return at;
  }
  return -1;
}

/** Searches the next rule of a chain that matches. */
export function nextHit(
  frame: Frame,
  hookState: HookState,
  evaluation: Evaluation,
  indexed: boolean,
): Search {
  const { chain } = frame;
  let failures: Failure[] | undefined;
  const tryRule = (position: number): Search | undefined => {
    const compiled = chain.at(position);
    if (compiled === undefined) return undefined;
    const result = evaluate(compiled, hookState, evaluation);
    if (result.kind === "hit")
      return {
        kind: "hit",
        rule: { compiled, because: result.because, hotdrop: result.hotdrop },
        position,
        failures: failures ?? frame.failures,
      };
    failures ??= [...frame.failures];
    failures.push({ position, test: result.test });
    return evaluation.hasForked
      ? { kind: "paused", frame: { ...frame, position: position + 1, failures } }
      : undefined;
  };
  if (indexed && chain.isLong) {
    for (const position of chain.candidates(hookState, frame.position)) {
      const found = tryRule(position);
      if (found !== undefined) return found;
    }
  } else {
    for (let position = frame.position; position < chain.length; position++) {
      const found = tryRule(position);
      if (found !== undefined) return found;
    }
  }
  return { kind: "end", position: chain.length, failures: failures ?? frame.failures };
}
