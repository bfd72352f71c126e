import { type Match, type UnknownCondition, unknownCondition } from "../../model";
import type { Chance, Evaluation } from "./evaluation";
import type { HookState } from "./hook-state";

/** The result of a condition. `hotdrop`: the match drops the packet and the rule's counter does not change. */
export type Answer = boolean | "hotdrop" | UnknownCondition | Chance | UnknownDevice;

/** The condition that an unknown device is the one named by a rule. */
interface UnknownDevice {
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
  readonly ask: (hookState: HookState, evaluation: Evaluation) => Answer;
}

/** Negates an answer. */
function not(answer: boolean | UnknownCondition): boolean | UnknownCondition {
  if (typeof answer === "boolean") return !answer;
  return { kind: "unknown", key: `!${answer.key}`, yes: answer.no, no: answer.yes };
}

/** Negates an answer if the option is preceded by `!`. */
export function flip(answer: boolean | UnknownCondition, inverted: boolean): boolean | UnknownCondition {
  return inverted ? not(answer) : answer;
}

const deviceKey = ({ side, pattern }: UnknownDevice): string => `${side} device ${pattern}`;

/**
 * Returns whether a condition holds in this branch of the traversal. For an unknown or random condition, the loop in
 * `stage/follow.ts` later runs the stage again with the other result.
 */
export function decide(answer: Exclude<Answer, "hotdrop">, evaluation: Evaluation): boolean {
  if (typeof answer === "boolean") return answer;
  switch (answer.kind) {
    case "unknown":
      return evaluation.decide(answer);
    case "chance":
      return evaluation.draw(answer);
    case "device": {
      const { side, pattern, place } = answer;
      const is = evaluation.decide(
        unknownCondition(
          deviceKey(answer),
          `the packet ${side === "in" ? "came in by" : "leaves by"} ${pattern} (${place})`,
          `the packet does not ${side === "in" ? "come in by" : "leave by"} ${pattern} (${place})`,
        ),
      );
      if (is && !pattern.endsWith("+")) evaluation.assumeDevice(side, pattern);
      return is !== answer.inverted;
    }
  }
}

/** Returns whether a condition holds, or undefined if that is unknown or random and was not decided in this branch yet. */
export function tryDecide(answer: Answer, evaluation: Evaluation): boolean | undefined {
  if (typeof answer === "boolean") return answer;
  if (answer === "hotdrop") return undefined;
  if (answer.kind === "unknown") return evaluation.known(answer);
  if (answer.kind === "device") {
    const known = evaluation.fact(deviceKey(answer));
    return known === undefined ? undefined : known !== answer.inverted;
  }
  return undefined;
}
