import type { RuleCommand, RuleLine } from "../dump";
import type { RuleSpec } from "../rule-spec";
import { RuleReader } from "./rule-reader";
import type { SegmentReader } from "./segment-reader";
import { splitWords } from "./split-words";

export const COUNTERS = /^\[(\d+):(\d+)\]/;

export type Counted = readonly [packets: string, bytes: string] | undefined;

/** A rule as iptables-save wrote it: found good, and read when it is first asked for. */
export class SavedRule implements RuleLine {
  private read: RuleSpec | undefined;

  constructor(
    private readonly segments: SegmentReader,
    private readonly text: string,
    readonly chain: string,
    readonly line: number,
    readonly start: number,
    readonly end: number,
  ) {}

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

  get counters(): Counted {
    if (this.text[this.start] !== "[") return undefined;
    const counted = COUNTERS.exec(this.text.slice(this.start, this.end));
    return counted ? [counted[1] ?? "0", counted[2] ?? "0"] : undefined;
  }

  get spec(): RuleSpec {
    this.read ??= this.readSpec();
    return this.read;
  }

  private readSpec(): RuleSpec {
    const { text, segments, end } = this;
    const from = text.indexOf("-A ", this.start) + 3 + this.chain.length + 1;
    if (from > end) return { base: {}, matches: [] };
    const read = segments.read(from, end);
    return read ?? new RuleReader(splitWords(text, from, end).words, segments.context, end).read();
  }
}
