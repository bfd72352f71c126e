import { type Match, type UnknownCondition, type UnknownField, unknownCondition } from "../model";
import type { Judge } from "../routing/judge";
import type { BranchExplorer, Chance } from "./branch-explorer";
import type { HookState } from "./hook-state";
import type { KernelState } from "./state";

/** What one run of a traversal carries along and changes: the state, and the answers already settled. */
export interface EvaluationContext {
  state: KernelState;
  readonly branches: BranchExplorer;
  readonly unknownFields: ReadonlySet<UnknownField>;
  /** Names that a device without a known route has been given by a match that was followed. */
  readonly devices: Map<"in" | "out", string>;
  /** Made when routing first asks. */
  judge?: Judge;
}

/** What a condition says. `hotdrop`: it drops the packet by itself, and the rule counts nothing. */
export type Answer = boolean | "hotdrop" | UnknownCondition | Chance | UnknownDevice;

/** Whether a device that is not known is the one a rule names. */
export interface UnknownDevice {
  readonly kind: "device";
  readonly side: "in" | "out";
  readonly pattern: string;
  readonly place: string;
  readonly inverted: boolean;
}

/**
 * One condition of a rule, ready to be asked. `pure` conditions may be asked again at any time; `stateful` ones are
 * charged when asked; `chance` ones draw.
 */
export interface Test {
  readonly match: Match;
  readonly kind: "pure" | "stateful" | "chance";
  readonly ask: (hookState: HookState, evaluation: EvaluationContext) => Answer;
}

/** The answer to the opposite question. */
export function not(answer: boolean | UnknownCondition): boolean | UnknownCondition {
  if (typeof answer === "boolean") return !answer;
  return { kind: "unknown", key: `!${answer.key}`, yes: answer.no, no: answer.yes };
}

export function flip(answer: boolean | UnknownCondition, inverted: boolean): boolean | UnknownCondition {
  return inverted ? not(answer) : answer;
}

/** Settles an answer: unknown conditions and draws fork the run. */
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

// A fact and its opposite share one key, so that one way never assumes both.
function explore(asked: UnknownCondition, evaluation: EvaluationContext): boolean {
  if (!asked.key.startsWith("!")) return evaluation.branches.decide(asked);
  return !evaluation.branches.decide({
    kind: "unknown",
    key: asked.key.slice(1),
    yes: asked.no,
    no: asked.yes,
  });
}

/** What settles the open questions of routing: both answers are followed. */
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

/** What is settled without a fork: true, false, or undefined. */
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
