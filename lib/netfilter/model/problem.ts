/**
 * A part of a rule set that could not be parsed, or that iptables would reject.
 *
 * @example
 * import { type Problem, parseDump } from "wirebook";
 *
 * const { problems } = parseDump("*filter\n-A INPUT -p tcp --dprot 80 -j DROP\nCOMMIT\n");
 * const first: Problem | undefined = problems[0];
 * console.log(first?.line, first?.code, first?.message);
 */
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
  /** What to do, if `expected` does not make it clear. */
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

/** Escapes control and bidirectional characters, which could move a terminal's cursor or hide text. */
const escapeControls = (text: string): string =>
  text.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, (char) => {
    const code = char.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });

/** Longer messages are shortened in the middle. */
const MAX_CHARACTERS = 240;

const shorten = (text: string): string =>
  text.length <= MAX_CHARACTERS
    ? text
    : `${text.slice(0, MAX_CHARACTERS / 2)} … ${text.slice(-MAX_CHARACTERS / 4)}`;

/** Formats a problem for people: `rules.txt:12:8: no match is named "foo" …` */
export function describeProblem(problem: Problem): string {
  const location = `${problem.file ?? "rules"}:${problem.line}:${problem.column}`;
  const advice = problem.advice ? `\n  ${problem.advice}` : "";
  return `${escapeControls(location)}: ${escapeControls(shorten(problem.message))}; expected ${problem.expected}${advice}`;
}

/**
 * Thrown when strict parsing finds problems. The message describes the first one; `problems` contains all of them.
 *
 * @example
 * import { parseRuleset, RulesError } from "wirebook";
 *
 * try {
 *   parseRuleset("*filter\n:INPUT DROP [0:0]\n-A INPUT -j NOWHERE\nCOMMIT\n");
 * } catch (error) {
 *   if (error instanceof RulesError) console.log(error.problems.map(({ line, message }) => `${line}: ${message}`));
 * }
 */
export class RulesError extends Error {
  readonly code = "RULES_UNREADABLE";
  constructor(readonly problems: readonly Problem[]) {
    const more = problems.length > 1 ? `\n(${problems.length - 1} more)` : "";
    super(`${problems[0] ? describeProblem(problems[0]) : "rules cannot be read"}${more}`);
    this.name = "RulesError";
  }
}
