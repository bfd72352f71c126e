import { protocolNumber } from "../../model/protocols";
import { finish } from "../check/check-options";
import type { Context } from "../context";
import type { Extension, Options, ParsedOption, Use } from "../extensions/extension";
import { extensionFor, optionOf } from "../extensions/registry";
import { withProtocol } from "../rule-context";
import type { Base, BaseName, Jump, ParsedBaseOption, RuleSpec } from "../rule-spec";
import { RuleSyntaxError } from "../rule-syntax-error";
import { BASE, readBase } from "./base-options";

const SPACE = 32;

const BANG = 33;

const QUOTE = 34;

const DASH = 45;

const BACKSLASH = 92;

const LOWER_G = 103;

const LOWER_J = 106;

const LOWER_M = 109;

/** Options of one letter that begin a part of a rule, by character code. */
const BEGINS = new Set([..."mjgsdiopfc"].map((letter) => letter.charCodeAt(0)));

/** Base options that take a value, by the character code of their letter. */
export const BASE_LETTERS = new Map<number, BaseName>();
for (const name of ["source", "destination", "in", "out", "protocol"] as const)
  BASE_LETTERS.set(BASE[name].letter.charCodeAt(0), name);

/** A use that was found good and is read again when its options are first asked for. */
class ReadUse implements Use {
  private read: Options | undefined;

  constructor(
    readonly extension: Extension,
    private readonly key: string,
    private readonly context: Context,
  ) {}

  get options(): Options {
    this.read ??= readOptions(this.extension, canonicalWords(this.key) ?? [], this.context) ?? new Map();
    return this.read;
  }
}

/** Parts of the rules of one protocol, by the text that says them. `null`: not for this reader. */
export interface Parts {
  readonly context: Context;
  readonly uses: Map<string, Use | null>;
  readonly jumps: Map<string, Jump | null>;
}

interface Header {
  readonly base: Base;
  readonly parts: Parts;
}

/**
 * Reads rules as iptables-save prints them: base options first, one space between words, each option after its own `-m`.
 * Parts that are written alike are read once and shared. Whatever looks different is left to RuleReader, which also
 * finds the words for what is wrong.
 */
export class SegmentReader {
  private readonly headers = new Map<string, Header | null>();
  private readonly parts = new Map<string, Parts>();
  /** Parts of rules that name no protocol. */
  readonly plain: Parts;
  private readonly protocols = new Map<string, Parts | null>();

  constructor(
    private readonly text: string,
    readonly context: Context,
  ) {
    this.plain = this.partsOf({});
  }

  /** The rule in `[from, end)`, or undefined where it is not in canonical form. */
  read(from: number, end: number): RuleSpec | undefined {
    const { text } = this;
    let at = this.headerEnd(from, end);
    if (at < 0) return undefined;
    const header = at === from ? { base: {}, parts: this.plain } : this.header(from, at);
    if (!header) return undefined;
    if (at > from) at++;
    const matches: Use[] = [];
    let jump: Jump | undefined;
    while (at < end) {
      if (jump || text.charCodeAt(at) !== DASH || text.charCodeAt(at + 2) !== SPACE) return undefined;
      const letter = text.charCodeAt(at + 1);
      const stop = this.partEnd(at + 3, end);
      if (stop < 0) return undefined;
      if (letter === LOWER_M) {
        const use = this.use(at, stop, header.parts);
        if (!use) return undefined;
        matches.push(use);
      } else if (letter === LOWER_J || letter === LOWER_G) {
        const found = this.jump(at, stop, letter === LOWER_G, header.parts);
        if (!found) return undefined;
        jump = found;
      } else return undefined;
      at = stop + 1;
    }
    return jump ? { base: header.base, matches, jump } : { base: header.base, matches };
  }

  /** End of the words of `-s`, `-d`, `-i`, `-o`, `-p` at the beginning, each perhaps with `!`; -1 if unlike. */
  private headerEnd(from: number, end: number): number {
    const { text } = this;
    let at = from;
    let last = from;
    while (at < end) {
      let dash = at;
      if (text.charCodeAt(dash) === BANG) {
        if (text.charCodeAt(dash + 1) !== SPACE) return -1;
        dash += 2;
      }
      if (text.charCodeAt(dash) !== DASH) return -1;
      if (!BASE_LETTERS.has(text.charCodeAt(dash + 1)) || text.charCodeAt(dash + 2) !== SPACE)
        return dash === at ? last : -1;
      const space = text.indexOf(" ", dash + 3);
      last = space < 0 || space > end ? end : space;
      if (last === dash + 3) return -1;
      at = last + 1;
    }
    return last;
  }

  /** End of a `-m` or `-j` part: before the next option of one letter, or the end of the line; -1 if unlike. */
  partEnd(from: number, end: number): number {
    const { text } = this;
    let at = from;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === SPACE) return -1;
      if (code === QUOTE) {
        at = this.quoteEnd(at, end);
        if (at < 0) return -1;
      } else {
        // A quote inside a word opens there as well.
        for (; at < end; at++) {
          const each = text.charCodeAt(at);
          if (each === SPACE) break;
          if (each === QUOTE) return -1;
        }
      }
      if (at >= end) return end;
      const next = at + 1;
      const dash = text.charCodeAt(next) === BANG && text.charCodeAt(next + 1) === SPACE ? next + 2 : next;
      if (
        text.charCodeAt(dash) === DASH &&
        BEGINS.has(text.charCodeAt(dash + 1)) &&
        text.charCodeAt(dash + 2) === SPACE
      )
        return dash === next ? at : -1;
      at = next;
      if (at >= end) return -1;
    }
  }

  /** Offset after the closing quote; -1 if there is none or something stands right behind it. */
  quoteEnd(open: number, end: number): number {
    const { text } = this;
    for (let at = open + 1; at < end; at++) {
      const code = text.charCodeAt(at);
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) return at + 1 === end || text.charCodeAt(at + 1) === SPACE ? at + 1 : -1;
    }
    return -1;
  }

  private header(from: number, to: number): Header | null {
    const key = this.text.slice(from, to);
    const known = this.headers.get(key);
    if (known !== undefined) return known;
    const made = attempt(() => this.readHeader(key));
    this.headers.set(key, made);
    return made;
  }

  private readHeader(key: string): Header | null {
    const base: { [Name in BaseName]?: ParsedBaseOption } = {};
    const words = key.split(" ");
    let inverted = false;
    for (let index = 0; index < words.length; index += 2) {
      if (words[index] === "!") {
        inverted = true;
        index++;
      }
      const name = BASE_LETTERS.get((words[index] ?? "").charCodeAt(1));
      const word = words[index + 1] ?? "";
      if (!name || base[name] || word === "!" || word.startsWith('"') || word.includes(",")) return null;
      const value = readBase(name, word, this.context);
      if (name === "protocol" && protocolNumber(value) === 0) return null;
      base[name] = { inverted, value };
      inverted = false;
    }
    return { base, parts: this.partsOf(base) };
  }

  /** Parts of rules with that word after `-p`; null where it means nothing, or every protocol. */
  partsNamed(word: string, inverted: boolean): Parts | null {
    const key = inverted ? `! ${word}` : word;
    const known = this.protocols.get(key);
    if (known !== undefined) return known;
    const value = word.startsWith('"') ? null : attempt(() => readBase("protocol", word, this.context));
    const named = value !== null && protocolNumber(value) !== 0;
    const parts = named ? this.partsOf({ protocol: { inverted, value } }) : null;
    this.protocols.set(key, parts);
    return parts;
  }

  private partsOf({ protocol }: Base): Parts {
    const name = protocol ? `${protocol.inverted ? "!" : ""}${protocol.value}` : "";
    let found = this.parts.get(name);
    if (!found) {
      found = { context: withProtocol(this.context, protocol), uses: new Map(), jumps: new Map() };
      this.parts.set(name, found);
    }
    return found;
  }

  use(at: number, stop: number, parts: Parts): Use | null {
    const key = this.text.slice(at + 3, stop);
    const known = parts.uses.get(key);
    if (known !== undefined) return known;
    const made = attempt(() => this.readUse("match", key, parts.context));
    parts.uses.set(key, made);
    return made;
  }

  jump(at: number, stop: number, goto: boolean, parts: Parts): Jump | null {
    const key = this.text.slice(goto ? at : at + 3, stop);
    const known = parts.jumps.get(key);
    if (known !== undefined) return known;
    const made = attempt(() => this.readJump(goto ? key.slice(3) : key, goto, parts.context));
    parts.jumps.set(key, made);
    return made;
  }

  private readJump(key: string, goto: boolean, context: Context): Jump | null {
    const space = key.indexOf(" ");
    const name = space < 0 ? key : key.slice(0, space);
    if (name.startsWith('"') || name.startsWith("-") || name === "!") return null;
    if (!goto && extensionFor("target", name, context.family)) {
      const use = this.readUse("target", key, context);
      return use && { goto, name, use };
    }
    return space < 0 ? { goto, name } : null;
  }

  /** `NAME --option value …`, where every option is one of NAME's own. */
  private readUse(kind: "match" | "target", key: string, context: Context): Use | null {
    const words = canonicalWords(key);
    const [name] = words ?? [];
    const extension = name && extensionFor(kind, name, context.family);
    if (!words || !extension) return null;
    return readOptions(extension, words, context) && new ReadUse(extension, key, context);
  }
}

/** The options after an extension's name, where every one of them is its own. */
function readOptions(extension: Extension, words: readonly string[], context: Context): Options | null {
  const options = new Map<string, ParsedOption>();
  for (let index = 1; index < words.length; ) {
    let word = words[index++] ?? "";
    const inverted = word === "!";
    if (inverted) word = words[index++] ?? "";
    if (!word.startsWith("--")) return null;
    const declaration = optionOf(extension, word.slice(2));
    if (!declaration || (inverted && !declaration.invertible) || declaration.optional !== undefined)
      return null;
    const values: string[] = [];
    for (const value of declaration.values) {
      const given = words[index++];
      if (given === undefined || given === "!") return null;
      values.push(value.read(given, context));
    }
    const slot = declaration.slot?.(options) ?? declaration.name;
    const given = { inverted, values };
    const [into, kept] = declaration.becomes?.(given, context, options) ?? [slot, given];
    if (options.has(into) && !declaration.repeatable) return null;
    options.set(into, kept);
  }
  return finish(extension, options, context) ? null : options;
}

/** Splits at single spaces and takes the quotes off; undefined where a quote stands inside a word. */
function canonicalWords(text: string): string[] | undefined {
  if (!text.includes('"')) return text.split(" ");
  const words: string[] = [];
  for (let at = 0; at < text.length; ) {
    if (text.charCodeAt(at) !== QUOTE) {
      const space = text.indexOf(" ", at);
      const stop = space < 0 ? text.length : space;
      const word = text.slice(at, stop);
      if (word.includes('"')) return undefined;
      words.push(word);
      at = stop + 1;
      continue;
    }
    let close = at + 1;
    while (close < text.length && text.charCodeAt(close) !== QUOTE)
      close += text.charCodeAt(close) === BACKSLASH ? 2 : 1;
    const inside = text.slice(at + 1, close);
    if (inside === "" || inside === "!" || inside.startsWith("-")) return undefined;
    words.push(inside.includes("\\") ? inside.replace(/\\(.)/g, "$1") : inside);
    at = close + 2;
  }
  return words;
}

/** What is refused here is read again, word by word, by RuleReader. */
export function attempt<T>(read: () => T | null): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof RuleSyntaxError) return null;
    throw error;
  }
}
