import { RuleSyntaxError } from "../../rule-syntax-error";
import type { Word } from "./split-words";

/** A position among the words of one rule, and whether a `!` was read that no option has used yet. */
export class WordCursor {
  index = 0;
  #negated = false;

  constructor(
    readonly words: readonly Word[],
    /** Offset of the end of the line. Errors about a missing word point there. */
    readonly end: number,
  ) {}

  get done(): boolean {
    return this.index >= this.words.length;
  }

  get word(): Word | undefined {
    return this.words[this.index];
  }

  /** Offset of a word in the dump. */
  offsetOf(index: number): number {
    return this.words[index]?.at ?? this.end;
  }

  /** The words from `from` up to, but not including, `to`. */
  textOf(from: number, to: number): string {
    return this.words
      .slice(from, to)
      .map(({ text }) => text)
      .join(" ");
  }

  get negated(): boolean {
    return this.#negated;
  }

  /** Reads a `!`. */
  negate(): void {
    if (this.#negated) throw new RuleSyntaxError('two "!" in a row', 'one "!" before an option');
    this.#negated = true;
    this.index++;
  }

  /** Returns whether a `!` was read, and forgets it. */
  takeNegation(): boolean {
    const negated = this.#negated;
    this.#negated = false;
    return negated;
  }

  /**
   * Moves past an option and returns its value: `attached` (from `--option=value`), or the next word.
   *
   * Before iptables 1.4, `!` was written between an option and its value; iptables still accepts that. If no word
   * follows the `!`, the `!` is the value.
   */
  value(attached: string | undefined, option: string): string {
    this.index++;
    if (attached !== undefined) return attached;
    let word = this.word;
    const next = this.words[this.index + 1];
    if (word?.text === "!" && !word.quoted && !this.#negated && next && !/^(?:-|!$)/.test(next.text)) {
      this.#negated = true;
      word = next;
      this.index++;
    }
    if (!word) throw new RuleSyntaxError(`${option} has no value`, `a value after ${option}`);
    this.index++;
    return word.text;
  }

  /** Runs `read`. If it throws a RuleSyntaxError, that error is about the word just taken. */
  aboutLastWord<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof RuleSyntaxError) error.word ??= this.index - 1;
      throw error;
    }
  }
}
