/** One thing in a rule set that could not be read, or that iptables would refuse. */
export interface Problem {
  /** Stable name of the kind of problem. */
  readonly code: ProblemCode;
  readonly file?: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in characters. */
  readonly column: number;
  /** What was found. */
  readonly message: string;
  readonly expected: string;
  /** What to do, where that is not plain from what was expected. */
  readonly advice?: string;
}

export type ProblemCode =
  | "RULE_UNREADABLE"
  | "LINE_UNREADABLE"
  | "CHAIN_UNKNOWN"
  | "CHAIN_DUPLICATE"
  | "CHAIN_NAME"
  | "CHAIN_LOOP"
  | "TABLE_UNKNOWN"
  | "TABLE_MISPLACED"
  | "TARGET_MISPLACED"
  | "COMMIT_MISSING"
  | "POLICY";

/** `rules.txt:12:8: no match is named "foo" …` */
export function describeProblem(problem: Problem): string {
  const where = `${problem.file ?? "rules"}:${problem.line}:${problem.column}`;
  const advice = problem.advice ? `\n  ${problem.advice}` : "";
  return `${where}: ${problem.message}; expected ${problem.expected}${advice}`;
}

/** Thrown by a strict parse. Its first problem is its message; all of them are in `problems`. */
export class RulesError extends Error {
  readonly code = "RULES_UNREADABLE";
  constructor(readonly problems: readonly Problem[]) {
    const more = problems.length > 1 ? `\n(${problems.length - 1} more)` : "";
    super(`${problems[0] ? describeProblem(problems[0]) : "rules cannot be read"}${more}`);
    this.name = "RulesError";
  }
}
