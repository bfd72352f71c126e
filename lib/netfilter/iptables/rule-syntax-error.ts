import type { Variant } from "./context";

/** Why an option, a value or a rule is refused: what was found, and what was expected in its place. */
export class RuleSyntaxError extends Error {
  /** Index of the word that is wrong, where one word is. */
  word: number | undefined;
  constructor(
    message: string,
    readonly expected: string,
    readonly advice = "",
    /** Set where only one of the two implementations refuses. */
    readonly variant?: Variant,
  ) {
    super(message);
    this.name = "RuleSyntaxError";
  }
}
