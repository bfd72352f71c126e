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
  | "TABLE_UNPRINTED"
  | "NFT_NATIVE"
  | "POLICY";

/** Characters that would move a terminal's cursor or hide what stands there are written as escapes. */
const plain = (text: string): string =>
  text.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, (char) => {
    const code = char.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });

/** What is quoted of a line is no longer than this; the rest is left out in the middle. */
const LONGEST = 240;

const short = (text: string): string =>
  text.length <= LONGEST ? text : `${text.slice(0, LONGEST / 2)} … ${text.slice(-LONGEST / 4)}`;

/** `rules.txt:12:8: no match is named "foo" …` */
export function describeProblem(problem: Problem): string {
  const where = `${problem.file ?? "rules"}:${problem.line}:${problem.column}`;
  const advice = problem.advice ? `\n  ${problem.advice}` : "";
  return `${plain(where)}: ${plain(short(problem.message))}; expected ${problem.expected}${advice}`;
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
