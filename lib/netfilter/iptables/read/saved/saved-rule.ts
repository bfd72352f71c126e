import type { RuleCommand, RuleLine } from "../../dump";
import type { RuleSpec } from "../../rule-spec";
import { readCounters, type TextCounters } from "../counters";
import { RuleReader } from "../words/rule-reader";
import { splitWords } from "../words/split-words";
import type { SegmentReader } from "./segment-reader";

/** A rule as iptables-save wrote it. It was checked once, and is read when its parts are first needed. */
export class SavedRule implements RuleLine {
  readonly #segments: SegmentReader;
  readonly #text: string;
  #spec: RuleSpec | undefined;

  constructor(
    segments: SegmentReader,
    text: string,
    readonly chain: string,
    readonly line: number,
    readonly start: number,
    readonly end: number,
  ) {
    this.#segments = segments;
    this.#text = text;
  }

  get kind(): "rule" {
    return "rule";
  }

  get command(): RuleCommand {
    return "A";
  }

  get position(): undefined {
    return undefined;
  }

  get broken(): boolean {
    return false;
  }

  get single(): boolean {
    return true;
  }

  get counters(): TextCounters | undefined {
    return this.#text[this.start] === "[" ? readCounters(this.#text.slice(this.start, this.end)) : undefined;
  }

  get spec(): RuleSpec {
    this.#spec ??= this.#read();
    return this.#spec;
  }

  #read(): RuleSpec {
    const { end } = this;
    const text = this.#text;
    const from = text.indexOf("-A ", this.start) + 3 + this.chain.length + 1;
    if (from > end) return { base: {}, matches: [] };
    const read = this.#segments.read(from, end);
    return read ?? new RuleReader(splitWords(text, from, end).words, this.#segments.context, end).read();
  }
}
