import { protocolNumber } from "../../../model/protocols";
import type { Context } from "../../context";
import type { OptionDeclaration } from "../../extensions/extension";
import { extensionFor } from "../../extensions/registry";
import { withProtocol } from "../../rule-context";
import type { BaseName, Jump, ParsedBaseOption, RuleSpec } from "../../rule-spec";
import { RuleSyntaxError } from "../../rule-syntax-error";
import { readNumber } from "../../values/number";
import { addOption } from "../add-option";
import { BASE, readBase } from "../base-options";
import { FAMILY_FLAGS, IGNORED_FLAGS, LISTING_FLAGS } from "./command-line-flags";
import { ExtensionPart } from "./extension-part";
import { LoadedExtensions } from "./loaded-extensions";
import { readOptionValues } from "./option-values";
import type { Word } from "./split-words";
import { WordCursor } from "./word-cursor";

/** An error, and the offset in the dump of the word it is about. */
interface LocatedError {
  readonly at: number;
  readonly error: RuleSyntaxError;
  /** About an address of `-s` or `-d`. iptables reads those after all other words. */
  readonly late?: boolean;
}

const BASE_NAMES: readonly BaseName[] = ["source", "destination", "in", "out", "protocol", "fragment"];

const ADDRESS_OPTION = /^(?:-[sd]|--(?:source|src|destination|dst))$/;

/** Like strtoull, ignores what follows the digits. */
const COUNTER = /^\s*\+?\d/;

/** Words that start another part of the rule. After an error, reading continues there. */
const PART_START =
  /^(?:-[mjgsdiopfc46]|--(?:match|jump|goto|source|src|destination|dst|in-interface|out-interface|protocol))$/;

/**
 * Reads the words after the chain's name as iptables' command line does (xshared.c, do_parse): options in any order,
 * long names shortened as long as they stay unique, `--option=value`, `-p` before or after the options of its
 * protocol.
 */
export class RuleReader {
  readonly errors: LocatedError[] = [];
  readonly #cursor: WordCursor;
  /** The family of the dump. */
  readonly #context: Context;
  readonly #extensions: LoadedExtensions;
  readonly #base: { [Name in BaseName]?: ParsedBaseOption } = {};
  #jump: { readonly goto: boolean; readonly name: string; readonly part?: ExtensionPart } | undefined;
  /** `-j CONTINUE` was given. */
  #continues = false;
  #counters: readonly [string, string] | undefined;
  #skipped = false;

  constructor(words: readonly Word[], context: Context, end: number) {
    this.#cursor = new WordCursor(words, end);
    this.#context = context;
    this.#extensions = new LoadedExtensions(context);
  }

  read(): RuleSpec {
    const cursor = this.#cursor;
    while (!cursor.done) {
      const start = cursor.index;
      try {
        this.#readPart();
      } catch (error) {
        if (!(error instanceof RuleSyntaxError)) throw error;
        this.#skipPart(error, start);
      }
    }
    if (cursor.negated)
      this.errors.push({ at: cursor.end, error: new RuleSyntaxError('nothing follows "!"', "an option") });
    return this.#close();
  }

  /** Records the error, keeps the part as text, and continues with the next part. */
  #skipPart(error: RuleSyntaxError, start: number): void {
    const cursor = this.#cursor;
    const about = error.word ?? start;
    const at = cursor.offsetOf(cursor.words[about] ? about : start);
    const late = ADDRESS_OPTION.test(cursor.words[start]?.text ?? "");
    this.errors.push({ at, error, ...(late ? { late } : {}) });
    cursor.takeNegation();
    if (cursor.index === start) cursor.index++;
    while (cursor.word && (cursor.word.quoted || !PART_START.test(cursor.word.text))) cursor.index++;
    const head = cursor.words[start]?.text ?? "";
    const name = start + 1 < cursor.index ? cursor.words[start + 1]?.text : undefined;
    this.#extensions.parts.push({
      unread: head === "-m" || head === "--match" ? (name ?? "") : head,
      text: cursor.textOf(start, cursor.index),
    });
  }

  #readPart(): void {
    const cursor = this.#cursor;
    const text = cursor.word?.text ?? "";
    if (text === "!") cursor.negate();
    else if (text === "--" && cursor.index === cursor.words.length - 1) cursor.index++;
    else if (text.startsWith("--") && text.length > 2) this.#longOption(text);
    else if (text.startsWith("-") && text.length > 1 && text !== "--") this.#shortOption(text);
    else
      throw new RuleSyntaxError(
        `"${text}" is not an option`,
        "an option such as -s, -m or -j",
        "A value with spaces needs double quotes.",
      );
  }

  #shortOption(text: string): void {
    const cursor = this.#cursor;
    const letter = text.slice(1, 2);
    const attached = text.length > 2 ? text.slice(2) : undefined;
    const name = BASE_NAMES.find((each) => BASE[each].letter === letter);
    const frame = this.#extensions.findFrameOption(letter, cursor.index);
    if (frame) this.#extensionOption(frame.holder, frame.declaration, attached);
    else if (name) this.#baseOption(name, this.#attached(text, attached), `-${letter}`);
    else if (letter === "m") this.#match(cursor.value(attached, "-m"));
    else if (letter === "j") this.#target(cursor.value(this.#attached(text, attached), "-j"), false);
    else if (letter === "g") this.#target(cursor.value(attached, "-g"), true);
    else if (letter === "c") this.#setCounters(attached);
    else if (!this.#flag(letter, `-${letter}`))
      throw new RuleSyntaxError(`unknown option -${letter}`, "an option such as -s, -m or -j");
  }

  #longOption(text: string): void {
    const cursor = this.#cursor;
    const equals = text.indexOf("=");
    const name = equals < 0 ? text.slice(2) : text.slice(2, equals);
    const attached = equals < 0 ? undefined : text.slice(equals + 1);
    const found = this.#extensions.findOption(name, cursor.index);
    if (found === undefined)
      throw new RuleSyntaxError(
        `unknown option --${name}`,
        "an option of a match or target named before it",
        "Put -m NAME (or -p PROTOCOL) before its options.",
      );
    if (typeof found !== "string") this.#extensionOption(found.holder, found.declaration, attached);
    else if (found === "match") this.#match(cursor.value(attached, "--match"));
    else if (found === "jump") this.#target(cursor.value(this.#attached(text, attached), "--jump"), false);
    else if (found === "goto") this.#target(cursor.value(attached, "--goto"), true);
    else if (found === "set-counters") this.#setCounters(attached);
    else if (!this.#flag(found, `--${found}`)) {
      const base = BASE_NAMES.find((each) => BASE[each].longs.includes(found));
      if (base) this.#baseOption(base, this.#attached(text, attached), `--${found}`);
    }
  }

  /**
   * The value of `-s`, `-d`, `-i`, `-o`, `-p` or `-j` that is attached to the option. iptables 1.8.9 takes the whole
   * word as the value.
   */
  #attached(word: string, value: string | undefined): string | undefined {
    return value === undefined || this.#context.iptables.attachedValues ? value : word;
  }

  #baseOption(name: BaseName, attached: string | undefined, option: string): void {
    const cursor = this.#cursor;
    if (BASE[name].flag) {
      cursor.index++;
      if (attached !== undefined)
        throw new RuleSyntaxError(`${option} takes no value`, `a space after ${option}`);
    }
    const word = BASE[name].flag ? "" : cursor.value(attached, option);
    const misread = attached !== undefined && !this.#context.iptables.attachedValues;
    if (misread && name !== "in" && name !== "out") throw noSpace(attached, option);
    const inverted = cursor.takeNegation();
    if (this.#base[name]) throw new RuleSyntaxError(`${option} is given twice`, `${option} once per rule`);
    if (name === "fragment" && this.#context.family !== "ipv4")
      throw new RuleSyntaxError("-f is for IPv4 only", "-m frag for IPv6");
    const value = cursor.aboutLastWord(() => readBase(name, word, this.#context));
    if (name === "protocol" && protocolNumber(value) === 0 && inverted)
      throw new RuleSyntaxError(`! ${option} all matches no packet`, "one protocol after !");
    if ((name === "source" || name === "destination") && inverted && value.includes(","))
      throw new RuleSyntaxError(`! ${option} with several addresses`, "one address after !");
    this.#base[name] = { inverted, value };
    if (name === "protocol")
      this.#extensions.protocol = readNumber(word) === undefined ? word.toLowerCase() : value;
    if (inverted && (value === "0.0.0.0/0" || value === "::/0"))
      this.errors.push({ at: cursor.offsetOf(cursor.index - 1), error: matchesNoAddress(option) });
  }

  /** Reads a flag of the command line that is no part of the rule. Returns false if the option is not one. */
  #flag(name: string, option: string): boolean {
    const cursor = this.#cursor;
    const family = FAMILY_FLAGS.get(name);
    if (LISTING_FLAGS.has(name))
      throw new RuleSyntaxError(`${option} is for commands that list rules`, "only options of a rule");
    if (!family && !IGNORED_FLAGS.has(name)) return false;
    if (!family || family === this.#context.family) {
      if (cursor.takeNegation()) throw new RuleSyntaxError(`"!" before ${option}`, `${option} without "!"`);
      cursor.index++;
      return true;
    }
    // iptables skips the rest of a rule for the other family, and never reads its addresses.
    this.#skipped = true;
    cursor.takeNegation();
    cursor.index = cursor.words.length;
    this.errors.push(...this.errors.splice(0).filter(({ late }) => late !== true));
    return true;
  }

  #setCounters(attached: string | undefined): void {
    const cursor = this.#cursor;
    const first = cursor.value(attached, "-c");
    const comma = first.indexOf(",");
    const packets = comma < 0 ? first : first.slice(0, comma);
    const bytes = comma < 0 ? (cursor.words[cursor.index++]?.text ?? "") : first.slice(comma + 1);
    if (!COUNTER.test(packets) || !COUNTER.test(bytes))
      throw new RuleSyntaxError("-c needs two numbers", "-c PACKETS BYTES");
    this.#counters = [packets, bytes];
  }

  #match(name: string): void {
    const cursor = this.#cursor;
    if (cursor.takeNegation())
      throw new RuleSyntaxError(`"!" before -m ${name}`, '"!" before one of its options');
    const extension = extensionFor("match", name, this.#context.family);
    if (!extension || extension.implicit)
      throw cursor.aboutLastWord(() => {
        throw new RuleSyntaxError(
          `no match is named "${name}"`,
          `a match that iptables ${this.#context.iptables.version} has`,
          "iptables-extensions(8) lists them. Matches of third parties are not supported.",
        );
      });
    this.#extensions.load(extension, cursor.index - 2);
  }

  #target(name: string, goto: boolean): void {
    const cursor = this.#cursor;
    const option = goto ? "-g" : "-j";
    if (cursor.takeNegation()) throw new RuleSyntaxError(`"!" before ${option}`, `${option} without "!"`);
    if (!goto && name.startsWith("-")) throw noSpace(name, option);
    if (this.#jump || this.#continues)
      throw new RuleSyntaxError(`a second ${option}`, "one -j or -g per rule");
    const { family, iptables } = this.#context;
    if (!goto && name === "CONTINUE" && family !== "bridge" && iptables.continueIsNoTarget) {
      this.#continues = true;
      return;
    }
    const extension = goto ? undefined : extensionFor("target", name, family);
    this.#jump = extension
      ? { goto, name, part: this.#extensions.load(extension, cursor.index - 2) }
      : { goto, name };
  }

  #extensionOption(part: ExtensionPart, declaration: OptionDeclaration, attached: string | undefined): void {
    const shown = `--${declaration.name}`;
    const context = this.#contextSoFar();
    try {
      const values = readOptionValues(this.#cursor, declaration, attached, context);
      const inverted = this.#cursor.takeNegation();
      if (inverted && !declaration.invertible)
        throw new RuleSyntaxError(`${shown} cannot be negated`, `${shown} without "!"`);
      addOption(part.options, declaration, { inverted, values }, context);
    } catch (error) {
      if (error instanceof RuleSyntaxError) part.failed = true;
      throw error;
    }
  }

  /** The family, and the protocol if the rule has named one so far. */
  #contextSoFar(): Context {
    return this.#extensions.frameContext() ?? withProtocol(this.#context, this.#base.protocol);
  }

  /** Checks each extension as a whole and returns the rule. */
  #close(): RuleSpec {
    if (this.#skipped) return { base: {}, matches: [], skipped: true };
    const context = this.#contextSoFar();
    const cursor = this.#cursor;
    const close = (part: ExtensionPart) =>
      part.close(context, cursor.textOf(part.first, part.first + 2), (error) =>
        this.errors.push({ at: cursor.offsetOf(part.first), error }),
      );
    const matches = this.#extensions.parts.map((part) =>
      part instanceof ExtensionPart ? close(part) : part,
    );
    const counters = this.#counters === undefined ? {} : { counters: this.#counters };
    if (!this.#jump) return { base: this.#base, matches, ...counters };
    const { goto, name, part } = this.#jump;
    const closed = part && close(part);
    const jump: Jump =
      closed === undefined
        ? { goto, name }
        : "extension" in closed
          ? { goto, name, use: closed }
          : { goto, name, unread: closed };
    return { base: this.#base, matches, jump, ...counters };
  }
}

/** iptables 1.8.9 takes the whole word as the value of `-s`, `-d`, `-i`, `-o`, `-p` and `-j`. */
const noSpace = (word: string, option: string): RuleSyntaxError =>
  new RuleSyntaxError(`iptables reads all of "${word}" as the value of ${option}`, `a space after ${option}`);

/** iptables-legacy accepts such a rule, which matches no packet. nf_tables has no expression for it. */
const matchesNoAddress = (option: string): RuleSyntaxError =>
  new RuleSyntaxError(`! ${option} with all addresses matches no packet`, "a smaller network", "", "nft");
