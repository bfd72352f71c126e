import type { UnknownCondition, UnknownField } from "../model";

/** How routing settles what the host does not tell: the traversal follows both branches. */
export interface Judge {
  decide(condition: UnknownCondition): boolean;
  /** What is settled about it already. */
  known(condition: UnknownCondition): boolean | undefined;
  /** One of several equal routes, by weight. */
  pick(weights: readonly bigint[], what: string): number;
  /** What cannot be followed both ways and is taken as given; the outcome is no longer certain. */
  assume(text: string): void;
  /** What was not given and is taken as it most often is; it is listed with the outcome, which stays as it is. */
  presume(text: string): void;
  /** Parts of the header that are not known. */
  readonly unknownFields: ReadonlySet<UnknownField>;
}

/** An answer, or the judge's where there is none. */
export function settled(answer: boolean | UnknownCondition, judge: Judge): boolean {
  return typeof answer === "boolean" ? answer : judge.decide(answer);
}

/** Attempts at most, before a question that may not matter is asked all the same. */
const ATTEMPTS = 64;

/**
 * Runs something that asks the judge, and keeps its questions to itself where the answers make no difference.
 *
 * @param same - what counts as one result.
 */
export function askIfItMatters<T>(judge: Judge, run: (judge: Judge) => T, same: (a: T, b: T) => boolean): T {
  const trail: boolean[] = [];
  let first: { readonly value: T } | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    let at = 0;
    const facts = new Map<string, boolean>();
    const assumed: string[] = [];
    const value = run({
      ...judge,
      assume: (text) => assumed.push(text),
      presume: () => undefined,
      decide(asked) {
        const known = judge.known(asked) ?? facts.get(asked.key);
        if (known !== undefined) return known;
        const answer = trail[at] ?? true;
        trail[at++] = answer;
        facts.set(asked.key, answer);
        return answer;
      },
    });
    trail.length = at;
    first ??= { value };
    // An assumption is one whatever comes of it.
    if (assumed.length > 0 || !same(first.value, value)) return run(judge);
    while (trail.at(-1) === false) trail.pop();
    if (trail.length === 0) return first.value;
    trail[trail.length - 1] = false;
  }
  return run(judge);
}

/** For who wants one answer and no branches: no doubtful rule or route counts, and the first of equal routes is taken. */
export const FIRST: Judge = {
  decide: () => false,
  known: () => undefined,
  pick: () => 0,
  assume: () => undefined,
  presume: () => undefined,
  unknownFields: new Set(),
};
