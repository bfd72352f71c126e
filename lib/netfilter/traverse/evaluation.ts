import { type Match, type UnknownCondition, type UnknownField, unknownCondition } from "../model";
import type { Judge } from "../routing/judge";
import type { BranchExplorer, Chance } from "./branch-explorer";
import type { HookState } from "./hook-state";
import type { KernelState } from "./state";

/** The mutable part of one run of a traversal: kernel state, and facts that are already decided. */
export interface EvaluationContext {
  state: KernelState;
  readonly branches: BranchExplorer;
  readonly unknownFields: ReadonlySet<UnknownField>;
  /** Names of unknown devices that a match on this branch has assumed. */
  readonly devices: Map<"in" | "out", string>;
  /** Created on first use. */
  judge?: Judge;
}

/** The result of a condition. `hotdrop`: the match drops the packet and the rule's counter does not change. */
export type Answer = boolean | "hotdrop" | UnknownCondition | Chance | UnknownDevice;

/** The condition that an unknown device is the one named by a rule. */
export interface UnknownDevice {
  readonly kind: "device";
  readonly side: "in" | "out";
  readonly pattern: string;
  readonly place: string;
  readonly inverted: boolean;
}

/**
 * A compiled condition of a rule. `pure` conditions can be evaluated again at any time. `stateful` ones update a counter
 * when they are evaluated. `chance` ones are random.
 */
export interface Test {
  readonly match: Match;
  readonly kind: "pure" | "stateful" | "chance";
  readonly ask: (hookState: HookState, evaluation: EvaluationContext) => Answer;
}

/** Negates an answer. */
export function not(answer: boolean | UnknownCondition): boolean | UnknownCondition {
  if (typeof answer === "boolean") return !answer;
  return { kind: "unknown", key: `!${answer.key}`, yes: answer.no, no: answer.yes };
}

/** Negates an answer if the option is preceded by `!`. */
export function flip(answer: boolean | UnknownCondition, inverted: boolean): boolean | UnknownCondition {
  return inverted ? not(answer) : answer;
}

/** Decides an answer. Unknown and random conditions fork the run. */
export function decide(answer: Exclude<Answer, "hotdrop">, evaluation: EvaluationContext): boolean {
  if (typeof answer === "boolean") return answer;
  switch (answer.kind) {
    case "unknown":
      return explore(answer, evaluation);
    case "chance":
      return evaluation.branches.draw(answer);
    case "device": {
      const { side, pattern, place } = answer;
      const is = explore(
        unknownCondition(
          `${side} device ${pattern}`,
          `the packet ${side === "in" ? "came in by" : "leaves by"} ${pattern} (${place})`,
          `the packet does not ${side === "in" ? "come in by" : "leave by"} ${pattern} (${place})`,
        ),
        evaluation,
      );
      if (is && !pattern.endsWith("+")) evaluation.devices.set(side, pattern);
      return is !== answer.inverted;
    }
  }
}

// A fact and its opposite have the same key, so that one run never assumes both.
function explore(unknown: UnknownCondition, evaluation: EvaluationContext): boolean {
  if (!unknown.key.startsWith("!")) return evaluation.branches.decide(unknown);
  return !evaluation.branches.decide({
    kind: "unknown",
    key: unknown.key.slice(1),
    yes: unknown.no,
    no: unknown.yes,
  });
}

/** The judge of a traversal: both answers to unknown conditions of routing are followed. */
export function judgeOf(evaluation: EvaluationContext): Judge {
  evaluation.judge ??= judgeFor(evaluation);
  return evaluation.judge;
}

function judgeFor(evaluation: EvaluationContext): Judge {
  const { branches, unknownFields } = evaluation;
  return {
    decide: (condition) => decide(condition, evaluation),
    known: (condition) => tryDecide(condition, evaluation),
    assume: (text) => branches.assume(text),
    presume: (text) => branches.presume(text),
    pick: (weights, what) => {
      branches.assume(what);
      return branches.pick(weights);
    },
    unknownFields,
  };
}

/** Decides an answer if that is possible without a fork. Otherwise returns undefined. */
export function tryDecide(answer: Answer, evaluation: EvaluationContext): boolean | undefined {
  if (typeof answer === "boolean") return answer;
  if (answer === "hotdrop") return undefined;
  if (answer.kind === "unknown") {
    const positive = !answer.key.startsWith("!");
    const known = evaluation.branches.known(positive ? answer.key : answer.key.slice(1));
    return known === undefined ? undefined : known === positive;
  }
  if (answer.kind === "device") {
    const known = evaluation.branches.known(`${answer.side} device ${answer.pattern}`);
    return known === undefined ? undefined : known !== answer.inverted;
  }
  return undefined;
}
