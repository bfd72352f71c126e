import type { UnknownCondition, UnknownField } from "../model";

/**
 * Answers questions about a host that its snapshot does not answer. In a traversal, the path of the packet is followed
 * for both answers.
 */
export interface Judge {
  decide(condition: UnknownCondition): boolean;
  /** Returns whether the condition is already decided. */
  known(condition: UnknownCondition): boolean | undefined;
  /** Chooses one of several routes of equal cost, by weight. */
  pick(weights: readonly bigint[], what: string): number;
  /** Records an assumption that is not followed both ways. The outcome is then not certain. */
  assume(text: string): void;
  /** Records a usual value that was used because the value was not given. The outcome stays certain. */
  presume(text: string): void;
  /** Header fields whose value is unknown. */
  readonly unknownFields: ReadonlySet<UnknownField>;
}

/** Returns a known answer, or lets the judge decide. */
export function settled(answer: boolean | UnknownCondition, judge: Judge): boolean {
  return typeof answer === "boolean" ? answer : judge.decide(answer);
}

/** Maximum number of combinations to try before the judge decides all conditions. */
const MAX_ATTEMPTS = 64;

/**
 * Runs a function that depends on unknown conditions. Tries all combinations of answers first. Lets the judge decide only
 * if the results differ.
 *
 * @param same - whether two results are equal.
 */
export function decideIfRelevant<T>(
  judge: Judge,
  run: (judge: Judge) => T,
  same: (a: T, b: T) => boolean,
): T {
  const trail: boolean[] = [];
  let first: { readonly value: T } | undefined;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    let at = 0;
    const facts = new Map<string, boolean>();
    const assumed: string[] = [];
    const value = run({
      known: (condition) => judge.known(condition),
      pick: (weights, what) => judge.pick(weights, what),
      unknownFields: judge.unknownFields,
      assume: (text) => assumed.push(text),
      presume: () => undefined,
      decide(condition) {
        const known = judge.known(condition) ?? facts.get(condition.key);
        if (known !== undefined) return known;
        const answer = trail[at] ?? true;
        trail[at++] = answer;
        facts.set(condition.key, answer);
        return answer;
      },
    });
    trail.length = at;
    first ??= { value };
    // An assumption must be recorded even if all results are equal.
    if (assumed.length > 0 || !same(first.value, value)) return run(judge);
    while (trail.at(-1) === false) trail.pop();
    if (trail.length === 0) return first.value;
    trail[trail.length - 1] = false;
  }
  return run(judge);
}

/** A judge without branches: unknown conditions do not hold, and the first of several routes of equal cost is used. */
export const FIRST: Judge = {
  decide: () => false,
  known: () => undefined,
  pick: () => 0,
  assume: () => undefined,
  presume: () => undefined,
  unknownFields: new Set(),
};
