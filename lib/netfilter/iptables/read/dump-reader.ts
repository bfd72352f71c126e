import type { Problem, ProblemCode } from "../../model/problem";
import { Checker } from "../check/checker";
import { shapeOf } from "../check/rule-shape";
import type { Context, Variant } from "../context";
import type { Line, RuleCommand, RuleLine } from "../dump";
import { CODE } from "./character-codes";
import { readCounters, type TextCounters } from "./counters";
import { CHAIN_COMMANDS, LISTING_COMMANDS, RULE_COMMANDS } from "./line-commands";
import { unprintedTable } from "./other-text";
import { readSavedChain } from "./saved/saved-chain";
import { SavedRuleReader } from "./saved/saved-rule-reader";
import { TableSections } from "./table-sections";
import { RuleReader } from "./words/rule-reader";
import { splitWords, type Word } from "./words/split-words";

const { BYTE_ORDER_MARK, COLON, CR, DASH, HASH, OPEN_BRACKET, SPACE, STAR } = CODE;

/** Reads the lines of a dump one by one. */
export class DumpReader {
  readonly lines: Line[] = [];
  readonly problems: Problem[] = [];
  readonly #text: string;
  readonly #file: string | undefined;
  readonly #variant: Variant | undefined;
  readonly #context: Context;
  readonly #savedRules: SavedRuleReader;
  readonly #checker: Checker;
  readonly #sections: TableSections;
  /** arptables and ebtables write rules in another form. */
  readonly #isIp: boolean;
  /** The current line: its number and its offsets in the text. */
  #line = 0;
  #start = 0;
  #end = 0;

  constructor(text: string, file: string | undefined, context: Context, variant: Variant | undefined) {
    const { family } = context;
    this.#text = text;
    this.#file = file;
    this.#variant = variant;
    this.#context = context;
    this.#isIp = family === "ipv4" || family === "ipv6";
    this.#checker = new Checker({ text, family, variant }, ({ line }, problem) =>
      this.#report(line, problem),
    );
    this.#savedRules = new SavedRuleReader(text, this.#context, this.#checker);
    this.#sections = new TableSections(this.#isIp, (line, problem) =>
      this.#report(line, { ...problem, column: 1 }),
    );
  }

  read(): void {
    const text = this.#text;
    for (let start = 0; start < text.length; ) {
      const newline = text.indexOf("\n", start);
      this.#line++;
      this.#start = start;
      this.#end = newline < 0 ? text.length : newline;
      start = this.#end + 1;
      while (this.#end > this.#start && text.charCodeAt(this.#end - 1) === CR) this.#end--;
      if (this.#start === 0 && text.charCodeAt(0) === BYTE_ORDER_MARK) this.#readByteOrderMark();
      this.#readLine();
    }
    this.#checker.endTable();
    if (this.#sections.uncommitted)
      this.#problem(
        "COMMIT_MISSING",
        this.#end,
        "the last table is not committed",
        "COMMIT",
        "The file may be incomplete.",
      );
  }

  /** Reports the mark, which some editors write, and reads what follows as if it were not there. */
  #readByteOrderMark(): void {
    this.#problem(
      "LINE_UNREADABLE",
      0,
      "the file starts with a byte order mark",
      "*TABLE or a comment",
      "iptables-restore refuses it. Save the file as UTF-8 without a byte order mark.",
    );
    this.#add({ kind: "unread", line: 1, start: 0, end: 1 });
    this.#start = 1;
  }

  #position() {
    return { line: this.#line, start: this.#start, end: this.#end };
  }

  #report(line: number, problem: Omit<Problem, "line" | "file">): void {
    this.problems.push({ ...problem, line, ...(this.#file === undefined ? {} : { file: this.#file }) });
  }

  #problem(code: ProblemCode, offset: number, message: string, expected: string, advice = ""): void {
    const column = offset - this.#start + 1;
    this.#report(this.#line, { code, column, message, expected, ...(advice === "" ? {} : { advice }) });
  }

  #add(line: Exclude<Line, RuleLine>): void {
    this.lines.push(line);
    this.#checker.line(line);
  }

  #addPlain(kind: "blank" | "comment"): void {
    this.#add({ kind, ...this.#position() });
  }

  #readComment(): void {
    const table = unprintedTable(this.#text.slice(this.#start, this.#end));
    if (table !== undefined)
      this.#problem(
        "TABLE_UNPRINTED",
        this.#start,
        `table ${table} could not be printed: it holds rules that iptables cannot express`,
        "a dump with all tables",
        "What these rules do is not known here. See them with: nft list ruleset",
      );
    this.#addPlain("comment");
  }

  #addUnreadable(message: string, expected: string, offset = this.#start): void {
    this.#problem("LINE_UNREADABLE", offset, message, expected);
    this.#add({ kind: "unread", ...this.#position() });
  }

  #readLine(): void {
    if (this.#start === this.#end) {
      this.#addPlain("blank");
      return;
    }
    const first = this.#text.charCodeAt(this.#start);
    if (first === DASH || first === OPEN_BRACKET) this.#readCommand();
    else if (first === COLON) this.#readChain();
    else if (first === HASH) this.#readComment();
    else if (first === STAR) this.#readTable();
    else this.#readOther(this.#text.slice(this.#start, this.#end).trim());
  }

  /** A line that starts with white space, or in a way that iptables-save never writes. */
  #readOther(trimmed: string): void {
    if (trimmed === "") this.#addPlain("blank");
    else if (trimmed === "COMMIT") this.#readCommit();
    else if (trimmed.startsWith("#") || unprintedTable(trimmed) !== undefined) this.#readComment();
    else this.#readCommand();
  }

  #readTable(): void {
    const name = this.#text.slice(this.#start + 1, this.#end).trim();
    this.#sections.start(this.#line, name);
    this.#add({ kind: "table", name, ...this.#position() });
  }

  #readCommit(): void {
    this.#sections.commit(this.#line);
    this.#add({ kind: "commit", ...this.#position() });
  }

  #readChain(): void {
    this.#sections.command(this.#line, true);
    const saved = readSavedChain(this.#text, this.#start, this.#end);
    if (saved) {
      const { name, policy, counters } = saved;
      this.#add({
        kind: "chain",
        name,
        policy,
        counters,
        line: this.#line,
        start: this.#start,
        end: this.#end,
      });
      return;
    }
    const [name, policy, counters] = splitWords(this.#text, this.#start + 1, this.#end).words;
    if (!name || !policy) {
      this.#addUnreadable("this chain has no policy", ":CHAIN POLICY [PACKETS:BYTES]");
      return;
    }
    const counted = counters && readCounters(counters.text);
    if (counters && !counted)
      this.#problem("LINE_UNREADABLE", counters.at, `"${counters.text}" are not counters`, "[PACKETS:BYTES]");
    this.#add({
      kind: "chain",
      name: this.#checker.nameOf(name.text),
      policy: policy.text,
      ...(counted ? { counters: counted } : {}),
      ...this.#position(),
    });
  }

  #readCommand(): void {
    this.#sections.command(this.#line, false);
    const text = this.#text;
    let from = this.#start;
    let counters: TextCounters | undefined;
    if (text.charCodeAt(from) === OPEN_BRACKET) {
      const close = text.indexOf("]", from);
      counters = close < 0 ? undefined : readCounters(text.slice(from, close + 1));
      if (!counters || close > this.#end) {
        this.#addUnreadable("these are not counters", "[PACKETS:BYTES]");
        return;
      }
      from = close + 1;
      while (text.charCodeAt(from) === SPACE) from++;
    }
    if (!this.#readSavedRule(from)) this.#readWords(from, counters);
  }

  /** Returns false if the rule is not written as iptables-save writes it. */
  #readSavedRule(from: number): boolean {
    const rule = this.#isIp ? this.#savedRules.read(from, this.#line, this.#start, this.#end) : undefined;
    if (!rule) return false;
    this.lines.push(rule);
    this.#checker.rule(rule, this.#savedRules.shape);
    return true;
  }

  #readWords(from: number, counters: TextCounters | undefined): void {
    const { words, unclosed } = splitWords(this.#text, from, this.#end);
    const [verb, chain, third] = words;
    if (!verb) {
      this.#addUnreadable("counters without a rule", "a rule");
      return;
    }
    if (unclosed !== undefined)
      this.#problem("RULE_UNREADABLE", unclosed, "this quote is never closed", 'a closing "');
    const rule = RULE_COMMANDS.get(verb.text);
    const other = CHAIN_COMMANDS.get(verb.text);
    if (rule) this.#readRule(rule, words, counters, unclosed !== undefined);
    else if (other === "N" || other === "P") this.#readChainCommand(other, chain, third);
    else if (other)
      this.#add({
        kind: other,
        ...(chain ? { chain: this.#checker.nameOf(chain.text) } : {}),
        ...(third ? { to: this.#checker.nameOf(third.text) } : {}),
        ...this.#position(),
      });
    else if (LISTING_COMMANDS.has(verb.text)) this.#addPlain("comment");
    else
      this.#addUnreadable(
        `no line of a dump starts with "${verb.text}"`,
        "*TABLE, :CHAIN, -A, COMMIT or # comment",
        verb.at,
      );
  }

  #readChainCommand(command: "N" | "P", chain: Word | undefined, policy: Word | undefined): void {
    if (!chain || (command === "P" && !policy)) {
      this.#addUnreadable(`-${command} is incomplete`, command === "N" ? "-N CHAIN" : "-P CHAIN POLICY");
      return;
    }
    this.#add({
      kind: "chain",
      name: this.#checker.nameOf(chain.text),
      policy: command === "N" ? "-" : (policy?.text ?? ""),
      command,
      ...this.#position(),
    });
  }

  #readRule(
    command: RuleCommand,
    words: readonly Word[],
    counters: TextCounters | undefined,
    unclosed: boolean,
  ): void {
    const [, chain, third] = words;
    if (!chain) {
      this.#addUnreadable("this rule names no chain", "-A CHAIN …");
      return;
    }
    const numbered = command !== "A" && command !== "C" && third !== undefined && /^\d+$/.test(third.text);
    const reader = new RuleReader(words.slice(numbered ? 3 : 2), this.#context, this.#end);
    const spec = reader.read();
    const errors = reader.errors.filter(
      ({ error: { variant } }) => variant === undefined || variant === this.#variant,
    );
    for (const { at, error } of errors)
      this.#problem("RULE_UNREADABLE", at, error.message, error.expected, error.advice);
    const rule: RuleLine = {
      kind: "rule",
      command,
      chain: this.#checker.nameOf(chain.text),
      position: numbered ? Number(third.text) : undefined,
      counters,
      spec,
      broken: unclosed || errors.length > 0,
      single: false,
      ...this.#position(),
    };
    this.lines.push(rule);
    this.#checker.rule(rule, shapeOf(spec));
  }
}
