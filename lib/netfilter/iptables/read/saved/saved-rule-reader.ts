import type { Checker } from "../../check/checker";
import type { RuleShape } from "../../check/rule-shape";
import type { Context } from "../../context";
import { CODE } from "../character-codes";
import { SavedRule } from "./saved-rule";
import { SavedRuleScanner } from "./saved-rule-scanner";
import { SegmentReader } from "./segment-reader";

const { DASH, QUOTE, SPACE, UPPER_A } = CODE;

/** Reads `-A CHAIN …` lines that are written as iptables-save writes them. */
export class SavedRuleReader {
  readonly #text: string;
  readonly #segments: SegmentReader;
  readonly #scanner: SavedRuleScanner;
  readonly #checker: Checker;
  /** The chain of the last rule, which is usually that of the next one, too. */
  #chain = "";

  constructor(text: string, context: Context, checker: Checker) {
    this.#text = text;
    this.#segments = new SegmentReader(text, context);
    this.#scanner = new SavedRuleScanner(text, context, this.#segments, checker.isChain);
    this.#checker = checker;
  }

  /** The shape of the rule that was read last. */
  get shape(): RuleShape {
    return this.#scanner;
  }

  /**
   * @param from - offset of `-A`, after the counters.
   * @returns undefined if the rule is wrong, or written in another form.
   */
  read(from: number, line: number, start: number, end: number): SavedRule | undefined {
    const text = this.#text;
    if (
      text.charCodeAt(from) !== DASH ||
      text.charCodeAt(from + 1) !== UPPER_A ||
      text.charCodeAt(from + 2) !== SPACE
    )
      return undefined;
    const stop = this.#readChain(from + 3, end);
    if (stop < 0 || !this.#scanner.scan(Math.min(stop + 1, end), end)) return undefined;
    return new SavedRule(this.#segments, text, this.#chain, line, start, end);
  }

  /** Sets the current chain. Returns the offset of the end of its name, or -1 if the name is empty or quoted. */
  #readChain(from: number, end: number): number {
    const text = this.#text;
    const last = this.#chain;
    const after = from + last.length;
    if (last !== "" && text.startsWith(last, from) && (after === end || text.charCodeAt(after) === SPACE))
      return after;
    const space = text.indexOf(" ", from);
    const stop = space < 0 || space > end ? end : space;
    if (stop === from || text.charCodeAt(from) === QUOTE) return -1;
    this.#chain = this.#checker.nameOf(text.slice(from, stop));
    return stop;
  }
}
