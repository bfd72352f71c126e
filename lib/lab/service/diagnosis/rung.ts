/**
 * One check of a {@link Diagnosis} and its result.
 *
 * @example
 * import type { Rung } from "wirebook";
 * // lab.diagnose(name) returns these as `rungs`.
 * const failed = (rungs: readonly Rung[]): readonly string[] =>
 *   rungs.filter(({ ok }) => ok === false).map(({ question, found }) => `${question} ${found}`);
 */
export interface Rung {
  readonly question: string;
  /** Undefined if the check was not possible. */
  readonly ok: boolean | undefined;
  readonly found: string;
  /** What to do about it. Absent if `ok` is true or undefined and nothing can be done. */
  readonly advice?: string;
}

/** Joins the names of places: `node1, node2`. */
export function names(list: readonly { readonly name: string }[]): string {
  return list.map(({ name }) => name).join(", ");
}
