/**
 * One check of a {@link Diagnosis} and its result.
 *
 * @example
 * import type { DiagnosisCheck } from "wirebook";
 * // lab.diagnose(name) returns these as `checks`.
 * const failed = (checks: readonly DiagnosisCheck[]): readonly string[] =>
 *   checks.filter(({ ok }) => ok === false).map(({ question, found }) => `${question} ${found}`);
 */
export interface DiagnosisCheck {
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
