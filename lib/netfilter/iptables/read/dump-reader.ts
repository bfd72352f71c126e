import type { Problem, ProblemCode } from "../../model/problem";
import { Checker } from "../check/checker";
import { shapeOf } from "../check/rule-shape";
import type { Context, SyntaxFamily, Variant } from "../context";
import type { Line, RuleCommand, RuleLine } from "../dump";
import type { RuleSpec } from "../rule-spec";
import { RuleReader } from "./rule-reader";
import { COUNTERS, type Counted, SavedRule } from "./saved-rule";
import { Scanner } from "./saved-rule-scanner";
import { SegmentReader } from "./segment-reader";
import { splitWords, type Word } from "./split-words";

const RULE_COMMANDS: ReadonlyMap<string, RuleCommand> = new Map([
  ["-A", "A"],
  ["--append", "A"],
  ["-I", "I"],
  ["--insert", "I"],
  ["-R", "R"],
  ["--replace", "R"],
  ["-D", "D"],
  ["--delete", "D"],
  ["-C", "C"],
  ["--check", "C"],
]);

type ChainCommand = "N" | "P" | "flush" | "delete" | "rename" | "zero";

const CHAIN_COMMANDS: ReadonlyMap<string, ChainCommand> = new Map([
  ["-N", "N"],
  ["--new-chain", "N"],
  ["--new", "N"],
  ["-P", "P"],
  ["--policy", "P"],
  ["-F", "flush"],
  ["--flush", "flush"],
  ["-X", "delete"],
  ["--delete-chain", "delete"],
  ["-E", "rename"],
  ["--rename-chain", "rename"],
  ["-Z", "zero"],
  ["--zero", "zero"],
]);

/** Commands that only print: they change nothing. */
const PRINTING = new Set(["-L", "--list", "-S", "--list-rules"]);

const BYTE_ORDER_MARK = 0xfeff;

const CR = 13;

const SPACE = 32;

const HASH = 35;

const STAR = 42;

const DASH = 45;

const COLON = 58;

const QUOTE = 34;

const UPPER_A = 65;

const OPEN = 91;

/** The counters of most chains: one object for all of them. */
const NONE: Counted = ["0", "0"];

/** Reads the lines of a dump one by one. */
export class DumpReader {
  readonly lines: Line[] = [];
  readonly problems: Problem[] = [];
  private readonly context: Context;
  private readonly segments: SegmentReader;
  private readonly scanner: Scanner;
  private readonly checker: Checker;
  private last = "";
  private line = 0;
  private start = 0;
  private end = 0;
  /** arptables-save and ebtables-save write no COMMIT, and their options are others. */
  private readonly ip: boolean;
  private inTable = false;
  private tableName = "";
  /** Tables that were read to their COMMIT. */
  private readonly committed = new Set<string>();
  private sawTable = false;
  /** Lines of commands before any table. */
  private readonly loose: number[] = [];

  constructor(
    private readonly text: string,
    private readonly file: string | undefined,
    family: SyntaxFamily,
    private readonly variant: Variant | undefined,
  ) {
    this.context = { family };
    this.ip = family === "ipv4" || family === "ipv6";
    this.segments = new SegmentReader(text, this.context);
    this.checker = new Checker({ text, family, variant }, (line, problem) =>
      this.problems.push({ ...problem, line: line.line, ...(file === undefined ? {} : { file }) }),
    );
    this.scanner = new Scanner(text, this.context, this.segments, this.checker.isChain);
  }

  read(): void {
    const { text } = this;
    for (let start = 0; start < text.length; ) {
      const newline = text.indexOf("\n", start);
      this.line++;
      this.start = start;
      this.end = newline < 0 ? text.length : newline;
      start = this.end + 1;
      while (this.end > this.start && text.charCodeAt(this.end - 1) === CR) this.end--;
      if (this.start === 0 && text.charCodeAt(0) === BYTE_ORDER_MARK) this.byteOrderMark();
      this.readLine();
    }
    this.checker.leave();
    if (this.inTable && this.ip)
      this.problem(
        "COMMIT_MISSING",
        this.end,
        "the last table is not committed",
        "COMMIT",
        "The file may be cut off.",
      );
  }

  /** Editors of another system put it there; what follows is read as if it were not. */
  private byteOrderMark(): void {
    this.problem(
      "LINE_UNREADABLE",
      0,
      "the file begins with a byte order mark",
      "*TABLE or a comment",
      "iptables-restore refuses it. Save the file as UTF-8 without that mark.",
    );
    this.add({ kind: "unread", line: 1, start: 0, end: 1 });
    this.start = 1;
  }

  private at() {
    return { line: this.line, start: this.start, end: this.end };
  }

  private problem(code: ProblemCode, offset: number, message: string, expected: string, advice = ""): void {
    this.problems.push({
      code,
      ...(this.file === undefined ? {} : { file: this.file }),
      line: this.line,
      column: offset - this.start + 1,
      message,
      expected,
      ...(advice === "" ? {} : { advice }),
    });
  }

  private add(line: Exclude<Line, RuleLine>): void {
    this.lines.push(line);
    this.checker.line(line);
  }

  private unread(message: string, expected: string, offset = this.start): void {
    this.problem("LINE_UNREADABLE", offset, message, expected);
    this.add({ kind: "unread", ...this.at() });
  }

  private plain(kind: "blank" | "comment"): void {
    this.add({ kind, ...this.at() });
  }

  private readLine(): void {
    const { text, start, end } = this;
    if (start === end) {
      this.plain("blank");
      return;
    }
    const first = text.charCodeAt(start);
    if (first === DASH || first === OPEN) this.command();
    else if (first === COLON) this.chain();
    else if (first === HASH) this.plain("comment");
    else if (first === STAR) this.table();
    else this.unusual(text.slice(start, end).trim());
  }

  /** A line that begins with white space, or with nothing that iptables-save writes. */
  private unusual(line: string): void {
    if (line === "") this.plain("blank");
    else if (line === "COMMIT") this.commit();
    else if (line.startsWith("#")) this.plain("comment");
    else this.command();
  }

  private table(): void {
    const name = this.text.slice(this.start + 1, this.end).trim();
    if (this.inTable && this.ip)
      this.problem(
        "COMMIT_MISSING",
        this.start,
        `table ${name} begins before the one above is committed`,
        "COMMIT",
      );
    if (this.committed.delete(name))
      this.problem(
        "TABLE_MISPLACED",
        this.start,
        `table ${name} comes again`,
        "each table once",
        "iptables-restore empties it here: its rules above are gone. Give each dump as a file of its own.",
      );
    this.endLoose();
    this.inTable = true;
    this.tableName = name;
    this.sawTable = true;
    this.add({ kind: "table", name, ...this.at() });
  }

  private commit(): void {
    this.endLoose();
    if (!this.inTable)
      this.problem("TABLE_MISPLACED", this.start, "COMMIT outside a table", "*TABLE before it");
    else this.committed.add(this.tableName);
    this.inTable = false;
    this.add({ kind: "commit", ...this.at() });
  }

  /** `iptables -S` prints rules and policies without a table around them; a dump does not. */
  private needsTable(): void {
    if (this.inTable) return;
    if (this.sawTable || this.text.charCodeAt(this.start) === COLON)
      this.problem("TABLE_MISPLACED", this.start, "this line stands outside a table", "*TABLE before it");
    else this.loose.push(this.line);
  }

  /** Once a table or a COMMIT comes, this is a dump after all, and what stood before its first table was in none. */
  private endLoose(): void {
    for (const line of this.loose.splice(0))
      this.problems.push({
        code: "TABLE_MISPLACED",
        ...(this.file === undefined ? {} : { file: this.file }),
        line,
        column: 1,
        message: "this line stands outside a table",
        expected: "*TABLE before it",
      });
  }

  private chain(): void {
    this.needsTable();
    if (this.savedChain()) return;
    const [name, policy, counters] = splitWords(this.text, this.start + 1, this.end).words;
    if (!name || !policy) {
      this.unread("this chain has no policy", ":CHAIN POLICY [PACKETS:BYTES]");
      return;
    }
    const counted = counters && COUNTERS.exec(counters.text);
    if (counters && !counted)
      this.problem("LINE_UNREADABLE", counters.at, `"${counters.text}" are no counters`, "[PACKETS:BYTES]");
    this.add({
      kind: "chain",
      name: this.checker.nameOf(name.text),
      policy: policy.text,
      ...(counted ? { counters: [counted[1] ?? "0", counted[2] ?? "0"] } : {}),
      ...this.at(),
    });
  }

  /** `:NAME POLICY [PACKETS:BYTES]` with one space between. */
  private savedChain(): boolean {
    const { text, line, start, end } = this;
    const first = text.indexOf(" ", start);
    if (first < 0 || first > end) return false;
    const second = text.indexOf(" ", first + 1);
    if (second < 0 || second > end || text.charCodeAt(start + 1) === QUOTE) return false;
    const shown = text.slice(second + 1, end);
    const counted = shown === "[0:0]" ? undefined : COUNTERS.exec(shown);
    if (counted === null || (counted && counted[0] !== shown) || first + 1 === second) return false;
    const counters: Counted = counted ? [counted[1] ?? "0", counted[2] ?? "0"] : NONE;
    const policy = second - first === 2 ? "-" : text.slice(first + 1, second);
    const name = text.slice(start + 1, first);
    this.add({ kind: "chain", name, policy, counters, line, start, end });
    return true;
  }

  private command(): void {
    this.needsTable();
    const { text } = this;
    let from = this.start;
    let counters: Counted;
    if (text.charCodeAt(from) === OPEN) {
      const close = text.indexOf("]", from);
      const counted = close < 0 ? null : COUNTERS.exec(text.slice(from, close + 1));
      if (!counted || close > this.end) {
        this.unread("these are no counters", "[PACKETS:BYTES]");
        return;
      }
      counters = [counted[1] ?? "0", counted[2] ?? "0"];
      from = close + 1;
      while (text.charCodeAt(from) === SPACE) from++;
    }
    if (!this.append(from)) this.words(from, counters);
  }

  /** `-A CHAIN …` as iptables-save writes it. */
  private append(from: number): boolean {
    const { text, end, scanner } = this;
    if (
      !this.ip ||
      text.charCodeAt(from) !== DASH ||
      text.charCodeAt(from + 1) !== UPPER_A ||
      text.charCodeAt(from + 2) !== SPACE
    )
      return false;
    const stop = this.chainName(from + 3);
    if (stop < 0 || !scanner.scan(Math.min(stop + 1, end), end)) return false;
    const line = new SavedRule(this.segments, this.text, this.last, this.line, this.start, end);
    this.lines.push(line);
    this.checker.rule(line, scanner);
    return true;
  }

  /** Sets `last` to the chain's name, which is most often that of the rule before; returns where it ends. */
  private chainName(from: number): number {
    const { text, end, last } = this;
    const after = from + last.length;
    if (last !== "" && text.startsWith(last, from) && (after === end || text.charCodeAt(after) === SPACE))
      return after;
    const space = text.indexOf(" ", from);
    const stop = space < 0 || space > end ? end : space;
    if (stop === from || text.charCodeAt(from) === QUOTE) return -1;
    this.last = this.checker.nameOf(text.slice(from, stop));
    return stop;
  }

  private push(
    command: RuleCommand,
    chain: string,
    position: number | undefined,
    counters: Counted,
    spec: RuleSpec,
    broken: boolean,
  ): void {
    const { line, start, end } = this;
    const rule: RuleLine = {
      kind: "rule",
      command,
      chain,
      position,
      counters,
      spec,
      broken,
      single: false,
      line,
      start,
      end,
    };
    this.lines.push(rule);
    this.checker.rule(rule, shapeOf(spec));
  }

  private words(from: number, counters: Counted): void {
    const { words, unclosed } = splitWords(this.text, from, this.end);
    const [verb, chain, third] = words;
    if (!verb) {
      this.unread("counters without a rule", "a rule");
      return;
    }
    if (unclosed !== undefined)
      this.problem("RULE_UNREADABLE", unclosed, "this quote is never closed", 'a closing "');
    const rule = RULE_COMMANDS.get(verb.text);
    const other = CHAIN_COMMANDS.get(verb.text);
    if (rule) this.rule(rule, words, counters, unclosed !== undefined);
    else if (other === "N" || other === "P") this.made(other, chain, third);
    else if (other) {
      const named = chain ? { chain: this.checker.nameOf(chain.text) } : {};
      this.add({
        kind: other,
        ...named,
        ...(third ? { to: this.checker.nameOf(third.text) } : {}),
        ...this.at(),
      });
    } else if (PRINTING.has(verb.text)) this.plain("comment");
    else
      this.unread(
        `"${verb.text}" begins no line of a dump`,
        "*TABLE, :CHAIN, -A, COMMIT or # comment",
        verb.at,
      );
  }

  private made(command: "N" | "P", chain: Word | undefined, policy: Word | undefined): void {
    if (!chain || (command === "P" && !policy)) {
      this.unread(`-${command} lacks a word`, command === "N" ? "-N CHAIN" : "-P CHAIN POLICY");
      return;
    }
    this.add({
      kind: "chain",
      name: this.checker.nameOf(chain.text),
      policy: command === "N" ? "-" : (policy?.text ?? ""),
      command,
      ...this.at(),
    });
  }

  private rule(command: RuleCommand, words: readonly Word[], counters: Counted, unclosed: boolean): void {
    const [, chain, third] = words;
    if (!chain) {
      this.unread("this rule names no chain", "-A CHAIN …");
      return;
    }
    const numbered = command !== "A" && command !== "C" && third !== undefined && /^\d+$/.test(third.text);
    const reader = new RuleReader(words.slice(numbered ? 3 : 2), this.context, this.end);
    const spec = reader.read();
    const complaints = reader.complaints.filter(
      ({ refusal: { variant } }) => variant === undefined || variant === this.variant,
    );
    for (const { at, refusal } of complaints)
      this.problem("RULE_UNREADABLE", at, refusal.message, refusal.expected, refusal.advice);
    const position = numbered ? Number(third.text) : undefined;
    const broken = unclosed || complaints.length > 0;
    this.push(command, this.checker.nameOf(chain.text), position, counters, spec, broken);
  }
}
