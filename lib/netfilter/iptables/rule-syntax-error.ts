import type { Variant } from "./context";

/** Thrown for an option, a value or a rule that iptables would refuse. The message says what was found. */
export class RuleSyntaxError extends Error {
  /** Index of the wrong word, if the error is about a single word. */
  word: number | undefined;
  constructor(
    message: string,
    /** What was expected instead. */
    readonly expected: string,
    /** What the user can do about it, if that needs saying. */
    readonly advice = "",
    /** The implementation that refuses it, if the other one accepts it. */
    readonly variant?: Variant,
  ) {
    super(message);
    this.name = "RuleSyntaxError";
  }
}
