import { protocolNumber } from "../../model/protocols";
import { finish } from "../check/check-options";
import type { Context, SyntaxFamily } from "../context";
import type { Extension, OptionDeclaration, ParsedOption, Use } from "../extensions/extension";
import { extensionFor, implicitMatches, matchOfProtocol } from "../extensions/registry";
import { withProtocol } from "../rule-context";
import type { BaseName, Jump, ParsedBaseOption, RuleSpec, Unread } from "../rule-spec";
import { RuleSyntaxError } from "../rule-syntax-error";
import { etherType, LENGTH } from "../values/ether-type";
import { readNumber } from "../values/number";
import { BASE, readBase } from "./base-options";
import { Lookup, spellings } from "./option-lookup";
import type { Word } from "./split-words";

/** A refusal and the word it is about; `at` is that word's offset in the dump. */
export interface Complaint {
  readonly at: number;
  readonly refusal: RuleSyntaxError;
  /** About an address of `-s` or `-d`, which iptables reads when all else is read. */
  readonly late?: boolean;
}

interface Open {
  readonly extension: Extension;
  readonly options: Map<string, ParsedOption>;
  readonly at: number;
  /** First word of the part, to quote it where it cannot be read. */
  readonly first: number;
  failed?: true;
}

const BASE_NAMES: readonly BaseName[] = ["source", "destination", "in", "out", "protocol", "fragment"];

/** Flags of the command line: one means nothing for the rule, some say for which family it is, others are about lists. */
const IGNORED = new Set(["v", "verbose"]);

const FAMILY_FLAGS: ReadonlyMap<string, SyntaxFamily> = new Map([
  ["4", "ipv4"],
  ["ipv4", "ipv4"],
  ["6", "ipv6"],
  ["ipv6", "ipv6"],
]);

const OF_LISTS = new Set(["n", "x", "w", "numeric", "exact", "wait", "line-numbers"]);

const ADDRESS = /^(?:-[sd]|--(?:source|src|destination|dst))$/;

/** What stands behind the digits is not looked at. */
const COUNT = /^\s*\+?\d/;

/** Words that begin another part, where reading goes on after one that could not be read. */
const BEGINS =
  /^(?:-[mjgsdiopfc46]|--(?:match|jump|goto|source|src|destination|dst|in-interface|out-interface|protocol))$/;

/**
 * Reads the words after the chain's name as iptables' own command line does (xshared.c, do_parse): options in any order,
 * long names shortened where they stay unique, `--option=value`, `-p` before or after the options of its protocol.
 */
export class RuleReader {
  readonly complaints: Complaint[] = [];
  private readonly base: { [Name in BaseName]?: ParsedBaseOption } = {};
  private readonly parts: (Open | Unread)[] = [];
  private jump: { goto: boolean; name: string; open?: Open; unread?: Unread } | undefined;
  private counters: readonly [string, string] | undefined;
  private readonly lookup: Lookup<Open>;
  private readonly implicit: readonly Extension[];
  private index = 0;
  private inverted = false;
  private skipped = false;
  private protocolTried = false;
  /** What `-p` names as it was written: by that name iptables looks for a match. */
  private protocol: string | undefined;

  constructor(
    private readonly words: readonly Word[],
    private readonly context: Context,
    private readonly end: number,
  ) {
    const frame = context.family === "arp" || context.family === "bridge";
    this.lookup = new Lookup(frame);
    this.implicit = frame ? implicitMatches(context.family) : [];
  }

  read(): RuleSpec {
    while (this.index < this.words.length) {
      const start = this.index;
      try {
        this.step();
      } catch (error) {
        if (!(error instanceof RuleSyntaxError)) throw error;
        this.complain(error, start);
      }
    }
    if (this.inverted) this.complaints.push(this.about(this.end, 'nothing follows "!"', "an option"));
    return this.close();
  }

  private about(at: number, message: string, expected: string, advice = ""): Complaint {
    return { at, refusal: new RuleSyntaxError(message, expected, advice) };
  }

  private complain(refusal: RuleSyntaxError, start: number): void {
    const word = this.words[refusal.word ?? start] ?? this.words[start];
    const late = ADDRESS.test(this.words[start]?.text ?? "");
    this.complaints.push({ at: word?.at ?? this.end, refusal, ...(late ? { late } : {}) });
    this.inverted = false;
    if (this.index === start) this.index++;
    while (this.index < this.words.length) {
      const next = this.words[this.index];
      if (!next || (!next.quoted && BEGINS.test(next.text))) break;
      this.index++;
    }
    const text = this.words.slice(start, this.index).map((each) => each.text);
    const [head = "", name = ""] = text;
    this.parts.push({ unread: head === "-m" || head === "--match" ? name : head, text: text.join(" ") });
  }

  private step(): void {
    const word = this.words[this.index];
    if (!word) return;
    const { text } = word;
    if (text === "!") {
      if (this.inverted) throw new RuleSyntaxError('"!" stands twice', 'one "!" before an option');
      this.inverted = true;
      this.index++;
    } else if (text === "--" && this.index === this.words.length - 1) this.index++;
    else if (text.startsWith("--") && text.length > 2) this.long(text);
    else if (text.startsWith("-") && text.length > 1 && text !== "--") this.short(text);
    else
      throw new RuleSyntaxError(
        `"${text}" is not an option`,
        "an option such as -s, -m or -j",
        "A value with spaces needs double quotes.",
      );
  }

  /**
   * The value that follows: `=VALUE`, or the next word; `!` before it is how iptables wrote negation before 1.4. With no
   * word behind it, `!` is the value.
   */
  private value(attached: string | undefined, option: string): string {
    this.index++;
    if (attached !== undefined) return attached;
    let word = this.words[this.index];
    const next = this.words[this.index + 1];
    if (word?.text === "!" && !word.quoted && !this.inverted && next && !/^(?:-|!$)/.test(next.text)) {
      this.inverted = true;
      word = next;
      this.index++;
    }
    if (!word) throw new RuleSyntaxError(`${option} has no value`, `a value after ${option}`);
    this.index++;
    return word.text;
  }

  private takeInverted(): boolean {
    const inverted = this.inverted;
    this.inverted = false;
    return inverted;
  }

  private short(text: string): void {
    const letter = text.slice(1, 2);
    const attached = text.length > 2 ? text.slice(2) : undefined;
    const name = BASE_NAMES.find((each) => BASE[each].letter === letter);
    if (this.implicit.length > 0 && this.frameOption(letter, attached)) return;
    if (name) this.baseOption(name, attached && text, `-${letter}`);
    else if (letter === "m") this.match(this.value(attached, "-m"));
    else if (letter === "j") this.target(this.value(attached && text, "-j"), false);
    else if (letter === "g") this.target(this.value(attached, "-g"), true);
    else if (letter === "c") this.setCounters(attached);
    else if (this.flag(letter, `-${letter}`)) return;
    else
      throw new RuleSyntaxError(`iptables has no option -${letter} here`, "an option such as -s, -m or -j");
  }

  private long(text: string): void {
    const equals = text.indexOf("=");
    const name = equals < 0 ? text.slice(2) : text.slice(2, equals);
    const attached = equals < 0 ? undefined : text.slice(equals + 1);
    const found = this.lookup.find(name) ?? (this.loadFor(name) ? this.lookup.find(name) : undefined);
    if (found === undefined)
      throw new RuleSyntaxError(
        `no option --${name} is known here`,
        "an option of a match or target that stands before it",
        "Put -m NAME (or -p PROTOCOL) before its options.",
      );
    if (typeof found !== "string") this.extensionOption(found.open, found.declaration, attached);
    else if (found === "match") this.match(this.value(attached, "--match"));
    else if (found === "jump") this.target(this.value(attached && text, "--jump"), false);
    else if (found === "goto") this.target(this.value(attached, "--goto"), true);
    else if (found === "set-counters") this.setCounters(attached);
    else if (!this.flag(found, `--${found}`)) {
      const base = BASE_NAMES.find((each) => BASE[each].longs.includes(found));
      if (base) this.baseOption(base, attached && text, `--${found}`);
    }
  }

  private baseOption(name: BaseName, attached: string | undefined, option: string): void {
    if (BASE[name].flag) {
      this.index++;
      if (attached !== undefined) throw new RuleSyntaxError(`${option} takes no value`, "a space after it");
    }
    const word = BASE[name].flag ? "" : this.value(attached, option);
    if (attached !== undefined && name !== "in" && name !== "out") throw this.unspaced(attached, option);
    const inverted = this.takeInverted();
    if (this.base[name]) throw new RuleSyntaxError(`${option} is given twice`, `${option} once in a rule`);
    if (name === "fragment" && this.context.family !== "ipv4")
      throw new RuleSyntaxError("-f is for IPv4 only", "-m frag for IPv6");
    const value = this.located(() => readBase(name, word, this.context));
    if (name === "protocol" && protocolNumber(value) === 0 && inverted)
      throw new RuleSyntaxError(
        "no packet has a protocol other than all",
        "a protocol other than all after !",
      );
    if ((name === "source" || name === "destination") && inverted && value.includes(","))
      throw new RuleSyntaxError(`! ${option} with several addresses`, "one address after !");
    this.base[name] = { inverted, value };
    if (name === "protocol") this.protocol = readNumber(word) === undefined ? word.toLowerCase() : value;
    if (inverted && (value === "0.0.0.0/0" || value === "::/0"))
      this.complaints.push({ at: this.words[this.index - 1]?.at ?? this.end, refusal: noAddress(option) });
  }

  /** Marks a refusal of a value as being about the word just taken. */
  private located<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof RuleSyntaxError) error.word ??= this.index - 1;
      throw error;
    }
  }

  /** iptables 1.8.9 takes the whole word for the value of `-s`, `-d`, `-i`, `-o`, `-p` and `-j`. */
  private unspaced(word: string, option: string): RuleSyntaxError {
    return new RuleSyntaxError(`"${word}" is read as the value of ${option}`, `a space after ${option}`);
  }

  /** Whether that is a flag of the command line, and not of the rule. */
  private flag(name: string, option: string): boolean {
    const family = FAMILY_FLAGS.get(name);
    if (OF_LISTS.has(name)) throw new RuleSyntaxError(`${option} is about lists`, "what belongs to a rule");
    if (!family && !IGNORED.has(name)) return false;
    if (!family || family === this.context.family) {
      if (this.takeInverted()) throw new RuleSyntaxError(`"!" before ${option}`, `${option} without "!"`);
      this.index++;
      return true;
    }
    // What is for the other family is not looked at, nor are addresses that stand before.
    this.skipped = true;
    this.inverted = false;
    this.index = this.words.length;
    this.complaints.push(...this.complaints.splice(0).filter(({ late }) => late !== true));
    return true;
  }

  private setCounters(attached: string | undefined): void {
    const first = this.value(attached, "-c");
    let second = first.includes(",") ? first.slice(first.indexOf(",") + 1) : undefined;
    const packets = second === undefined ? first : first.slice(0, first.indexOf(","));
    if (second === undefined) second = this.words[this.index++]?.text ?? "";
    if (!COUNT.test(packets) || !COUNT.test(second))
      throw new RuleSyntaxError("-c needs two numbers", "-c PACKETS BYTES");
    this.counters = [packets, second];
  }

  private match(name: string): void {
    if (this.takeInverted())
      throw new RuleSyntaxError(`"!" before -m ${name}`, '"!" before one of its options');
    const extension = extensionFor("match", name, this.context.family);
    if (!extension || extension.implicit)
      throw this.located(() => {
        throw new RuleSyntaxError(
          `no match is named "${name}"`,
          "a match that iptables 1.8.9 has",
          "See iptables-extensions(8); a third-party match stays unknown.",
        );
      });
    this.load(extension, this.index - 2);
  }

  private load(extension: Extension, first: number): Open {
    const open: Open = {
      extension,
      options: new Map(),
      at: this.words[first]?.at ?? this.end,
      first,
    };
    if (extension.kind === "match") this.parts.push(open);
    this.lookup.add(open);
    return open;
  }

  private target(name: string, goto: boolean): void {
    const option = goto ? "-g" : "-j";
    if (this.takeInverted()) throw new RuleSyntaxError(`"!" before ${option}`, `${option} without "!"`);
    if (!goto && name.startsWith("-")) throw this.unspaced(name, option);
    if (this.jump) throw new RuleSyntaxError(`a second ${option}`, "one -j or -g in a rule");
    const first = this.index - 2;
    this.jump = { goto, name };
    const extension = goto ? undefined : extensionFor("target", name, this.context.family);
    if (extension) this.jump.open = this.load(extension, first);
  }

  /** An option that no loaded extension has may belong to one that needs no `-m`. */
  private loadFor(name: string): boolean {
    if (this.implicit.length === 0) return this.loadProtocol();
    const has = (test: (spelling: string) => boolean): Extension | undefined =>
      this.implicit.find((extension) => extension.options.some((each) => spellings(each).some(test)));
    const extension = has((each) => each === name) ?? has((each) => each.startsWith(name));
    if (!extension) return false;
    this.load(extension, this.index);
    return true;
  }

  /** `-s`, `-d`, `-i`, `-o` and `-p` of a frame, each an option of the implicit match `header`. */
  private frameOption(letter: string, attached: string | undefined): boolean {
    for (const extension of this.implicit) {
      const declaration = extension.options.find((each) => each.letter === letter);
      if (!declaration) continue;
      const open = this.parts.find(
        (part): part is Open => "extension" in part && part.extension === extension,
      );
      this.extensionOption(open ?? this.load(extension, this.index), declaration, attached);
      return true;
    }
    return false;
  }

  private loadProtocol(): boolean {
    if (this.protocolTried || this.protocol === undefined) return false;
    const extension = matchOfProtocol(this.protocol, this.context.family);
    if (!extension || this.parts.some((part) => "extension" in part && part.extension === extension))
      return false;
    this.protocolTried = true;
    this.load(extension, this.index);
    return true;
  }

  private extensionOption(open: Open, declaration: OptionDeclaration, attached: string | undefined): void {
    const shown = `--${declaration.name}`;
    const values: string[] = [];
    try {
      this.optionValues(declaration, attached, values);
      const inverted = this.takeInverted();
      if (inverted && !declaration.invertible)
        throw new RuleSyntaxError(`${shown} cannot be negated`, `${shown} without "!"`);
      const key = declaration.slot?.(open.options) ?? declaration.name;
      if (open.options.has(key) && !declaration.repeatable)
        throw new RuleSyntaxError(`${shown} is given twice`, `${shown} once`);
      const given = { inverted, values };
      const [name, kept] = declaration.becomes?.(given, this.scope(), open.options) ?? [key, given];
      if (name !== key && open.options.has(name) && !declaration.repeatable)
        throw new RuleSyntaxError(`${shown} says --${name} again`, "one of them");
      open.options.set(name, kept);
    } catch (error) {
      if (error instanceof RuleSyntaxError) this.fail(open);
      throw error;
    }
  }

  private optionValues(declaration: OptionDeclaration, attached: string | undefined, values: string[]): void {
    const context = this.scope();
    const shown = `--${declaration.name}`;
    if (declaration.values.length === 0) {
      this.index++;
      if (attached !== undefined) throw new RuleSyntaxError(`${shown} takes no value`, "a space after it");
    }
    declaration.values.forEach((kind, position) => {
      const next = this.words[this.index + (position === 0 ? 1 : 0)];
      const last = position === declaration.values.length - 1;
      if (attached !== undefined && declaration.optional !== undefined)
        throw new RuleSyntaxError(`${shown} takes no value after "="`, "a space before the value");
      if (last && declaration.optional !== undefined && attached === undefined) {
        if (!next || next.text.startsWith("-") || next.text === "!") {
          if (position === 0) this.index++;
          values.push(declaration.optional);
          return;
        }
      }
      let word: string;
      if (position === 0) word = this.value(attached, shown);
      else {
        const following = this.words[this.index];
        if (!following)
          throw new RuleSyntaxError(`${shown} needs ${declaration.values.length} values`, kind.what);
        this.index++;
        word = following.text;
      }
      values.push(this.located(() => kind.read(word, context)));
    });
  }

  /** The EtherType that `-p` names, where a frame has one. */
  private frameScope(): Context {
    const header = this.parts.find(
      (part): part is Open => "extension" in part && part.extension.name === "header",
    );
    const given = header?.options.get("protocol");
    if (!given || given.inverted) return this.context;
    const value = given.values[0] ?? "";
    return { ...this.context, protocol: value === "Length" ? LENGTH : (etherType(value) ?? 0) };
  }

  private scope(): Context {
    if (this.implicit.length > 0) return this.frameScope();
    return withProtocol(this.context, this.base.protocol);
  }

  private fail(open: Open): void {
    open.failed = true;
  }

  /** Closes every extension: required options, what excludes what, the protocol it needs. */
  private close(): RuleSpec {
    if (this.skipped) return { base: {}, matches: [], skipped: true };
    const context = this.scope();
    const matches = this.parts.map((part) => ("extension" in part ? this.closeUse(part, context) : part));
    const counters = this.counters === undefined ? {} : { counters: this.counters };
    if (!this.jump) return { base: this.base, matches, ...counters };
    const { goto, name, open } = this.jump;
    const closed = open && this.closeUse(open, context);
    const jump: Jump =
      closed === undefined
        ? { goto, name }
        : "extension" in closed
          ? { goto, name, use: closed }
          : { goto, name, unread: closed };
    return { base: this.base, matches, jump, ...counters };
  }

  private closeUse(open: Open, context: Context): Use | Unread {
    const { extension, options } = open;
    const unread = {
      unread: extension.name,
      text: this.words
        .slice(open.first, open.first + 2)
        .map((word) => word.text)
        .join(" "),
    };
    if (open.failed) return unread;
    try {
      const refusal = finish(extension, options, context);
      if (refusal) this.complaints.push({ at: open.at, refusal });
      return { extension, options };
    } catch (error) {
      if (!(error instanceof RuleSyntaxError)) throw error;
      this.complaints.push({ at: open.at, refusal: error });
      return unread;
    }
  }
}

/** Legacy tables keep such a rule, which no packet matches; nf_tables has no expression for it. */
function noAddress(option: string): RuleSyntaxError {
  return new RuleSyntaxError(`! ${option} with all addresses`, "a network that leaves some out", "", "nft");
}
