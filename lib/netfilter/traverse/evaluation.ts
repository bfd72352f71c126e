import { type Doubt, doubt, type Match } from "../model";
import type { Judge } from "../routing/judge";
import type { Chance, Choices } from "./branch-explorer";
import type { View } from "./hook-state";
import type { KernelState } from "./state";

/** Parts of a packet's header that whoever asks may not know; matches on them are then followed both ways. */
export type Blank = "length" | "ttl" | "tos" | "mac" | "owner" | "payload" | "mark";

/** What one run of a traversal carries along and changes: the state, and the answers already settled. */
export interface Mind {
  state: KernelState;
  readonly choices: Choices;
  readonly blanks: ReadonlySet<Blank>;
  /** Names that a device without a known route has been given by a match that was followed. */
  readonly devices: Map<"in" | "out", string>;
  /** Made when routing first asks. */
  judge?: Judge;
}

/** What a condition says. `hotdrop`: it drops the packet by itself, and the rule counts nothing. */
export type Answer = boolean | "hotdrop" | Doubt | Chance | DeviceDoubt;

/** Whether a device that is not known is the one a rule names. */
export interface DeviceDoubt {
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
  readonly ask: (view: View, mind: Mind) => Answer;
}

/** The answer to the opposite question. */
export function not(answer: boolean | Doubt): boolean | Doubt {
  if (typeof answer === "boolean") return !answer;
  return { kind: "doubt", key: `!${answer.key}`, yes: answer.no, no: answer.yes };
}

export function flip(answer: boolean | Doubt, inverted: boolean): boolean | Doubt {
  return inverted ? not(answer) : answer;
}

/** Settles an answer: doubts and draws fork the run. */
export function settle(answer: Exclude<Answer, "hotdrop">, mind: Mind): boolean {
  if (typeof answer === "boolean") return answer;
  switch (answer.kind) {
    case "doubt":
      return decide(answer, mind);
    case "chance":
      return mind.choices.draw(answer);
    case "device": {
      const { side, pattern, place } = answer;
      const is = decide(
        doubt(
          `${side} device ${pattern}`,
          `the packet ${side === "in" ? "came in by" : "leaves by"} ${pattern} (${place})`,
          `the packet does not ${side === "in" ? "come in by" : "leave by"} ${pattern} (${place})`,
        ),
        mind,
      );
      if (is && !pattern.endsWith("+")) mind.devices.set(side, pattern);
      return is !== answer.inverted;
    }
  }
}

// A fact and its opposite share one key, so that one way never assumes both.
function decide(asked: Doubt, mind: Mind): boolean {
  if (!asked.key.startsWith("!")) return mind.choices.decide(asked);
  return !mind.choices.decide({ kind: "doubt", key: asked.key.slice(1), yes: asked.no, no: asked.yes });
}

/** What settles the open questions of routing: both answers are followed. */
export function judgeOf(mind: Mind): Judge {
  mind.judge ??= judgeFor(mind);
  return mind.judge;
}

function judgeFor(mind: Mind): Judge {
  const { choices, blanks } = mind;
  return {
    decide: (doubt) => settle(doubt, mind),
    known: (doubt) => peek(doubt, mind),
    assume: (text) => choices.assume(text),
    presume: (text) => choices.presume(text),
    pick: (weights, what) => {
      choices.assume(what);
      return choices.pick(weights);
    },
    blanks,
  };
}

/** What is settled without a fork: true, false, or undefined. */
export function peek(answer: Answer, mind: Mind): boolean | undefined {
  if (typeof answer === "boolean") return answer;
  if (answer === "hotdrop") return undefined;
  if (answer.kind === "doubt") {
    const positive = !answer.key.startsWith("!");
    const known = mind.choices.known(positive ? answer.key : answer.key.slice(1));
    return known === undefined ? undefined : known === positive;
  }
  if (answer.kind === "device") {
    const known = mind.choices.known(`${answer.side} device ${answer.pattern}`);
    return known === undefined ? undefined : known !== answer.inverted;
  }
  return undefined;
}
