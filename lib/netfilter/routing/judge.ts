import type { Doubt } from "../model";
import type { Blank } from "../traverse/mind";

/** How routing settles what the host does not tell: the traversal follows both branches. */
export interface Judge {
  decide(doubt: Doubt): boolean;
  /** One of several equal routes, by weight. */
  pick(weights: readonly bigint[], what: string): number;
  /** What cannot be followed both ways and is taken as given; the outcome is no longer certain. */
  assume(text: string): void;
  /** What was not given and is taken as it most often is; it is listed with the outcome, which stays as it is. */
  presume(text: string): void;
  /** Parts of the header that are not known. */
  readonly blanks: ReadonlySet<Blank>;
}

/** An answer, or the judge's where there is none. */
export function settled(answer: boolean | Doubt, judge: Judge): boolean {
  return typeof answer === "boolean" ? answer : judge.decide(answer);
}

/** For who wants one answer and no branches: no doubtful rule or route counts, and the first of equal routes is taken. */
export const FIRST: Judge = {
  decide: () => false,
  pick: () => 0,
  assume: () => undefined,
  presume: () => undefined,
  blanks: new Set(),
};
