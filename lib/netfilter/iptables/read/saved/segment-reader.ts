import { protocolNumber } from "../../../model/protocols";
import type { Context } from "../../context";
import type { Use } from "../../extensions/extension";
import { extensionFor } from "../../extensions/registry";
import { withProtocol } from "../../rule-context";
import type { Base, BaseName, Jump, ParsedBaseOption, RuleSpec } from "../../rule-spec";
import { readBase } from "../base-options";
import { CODE } from "../character-codes";
import { orNull, readSavedUse } from "./saved-use";
import { BASE_LETTERS, headerEnd, partEnd } from "./segment-ends";

const { DASH, LOWER_G, LOWER_J, LOWER_M, SPACE } = CODE;

/**
 * The `-m` and `-j` parts of rules with one protocol, by their text. `null` stands for text that this reader leaves
 * to RuleReader.
 */
export interface ProtocolParts {
  readonly context: Context;
  readonly uses: Map<string, Use | null>;
  readonly jumps: Map<string, Jump | null>;
}

interface Header {
  readonly base: Base;
  readonly parts: ProtocolParts;
}

/**
 * Reads rules as iptables-save writes them: base options first, one space between words, each option after its own
 * `-m`. Parts with the same text are read once and shared. All other rules are left to RuleReader, which also reports
 * errors.
 */
export class SegmentReader {
  readonly #headers = new Map<string, Header | null>();
  readonly #parts = new Map<string, ProtocolParts>();
  readonly #protocols = new Map<string, ProtocolParts | null>();
  readonly #text: string;
  /** Parts of rules that name no protocol. */
  readonly withoutProtocol: ProtocolParts;

  constructor(
    text: string,
    readonly context: Context,
  ) {
    this.#text = text;
    this.withoutProtocol = this.#partsOf({});
  }

  /** Reads the rule in `[from, end)`. Returns undefined if it is not written as iptables-save writes it. */
  read(from: number, end: number): RuleSpec | undefined {
    const text = this.#text;
    let at = headerEnd(text, from, end);
    if (at < 0) return undefined;
    const header = at === from ? { base: {}, parts: this.withoutProtocol } : this.#header(from, at);
    if (!header) return undefined;
    if (at > from) at++;
    const matches: Use[] = [];
    let jump: Jump | undefined;
    while (at < end) {
      if (jump || text.charCodeAt(at) !== DASH || text.charCodeAt(at + 2) !== SPACE) return undefined;
      const letter = text.charCodeAt(at + 1);
      const stop = partEnd(text, at + 3, end);
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

  #header(from: number, to: number): Header | null {
    const key = this.#text.slice(from, to);
    const known = this.#headers.get(key);
    if (known !== undefined) return known;
    const made = orNull(() => this.#readHeader(key));
    this.#headers.set(key, made);
    return made;
  }

  #readHeader(key: string): Header | null {
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
    return { base, parts: this.#partsOf(base) };
  }

  /** The parts of rules with this word after `-p`. Returns null if it is no protocol, or stands for all of them. */
  partsOfProtocol(word: string, inverted: boolean): ProtocolParts | null {
    const key = inverted ? `! ${word}` : word;
    const known = this.#protocols.get(key);
    if (known !== undefined) return known;
    const value = word.startsWith('"') ? null : orNull(() => readBase("protocol", word, this.context));
    const isOne = value !== null && protocolNumber(value) !== 0;
    const parts = isOne ? this.#partsOf({ protocol: { inverted, value } }) : null;
    this.#protocols.set(key, parts);
    return parts;
  }

  #partsOf({ protocol }: Base): ProtocolParts {
    const name = protocol ? `${protocol.inverted ? "!" : ""}${protocol.value}` : "";
    let found = this.#parts.get(name);
    if (!found) {
      found = { context: withProtocol(this.context, protocol), uses: new Map(), jumps: new Map() };
      this.#parts.set(name, found);
    }
    return found;
  }

  /** Reads the `-m` part in `[at, stop)`. */
  use(at: number, stop: number, parts: ProtocolParts): Use | null {
    const key = this.#text.slice(at + 3, stop);
    const known = parts.uses.get(key);
    if (known !== undefined) return known;
    const made = orNull(() => readSavedUse("match", key, parts.context));
    parts.uses.set(key, made);
    return made;
  }

  /** Reads the `-j` or `-g` part in `[at, stop)`. */
  jump(at: number, stop: number, goto: boolean, parts: ProtocolParts): Jump | null {
    const key = this.#text.slice(goto ? at : at + 3, stop);
    const known = parts.jumps.get(key);
    if (known !== undefined) return known;
    const made = orNull(() => readJump(goto ? key.slice(3) : key, goto, parts.context));
    parts.jumps.set(key, made);
    return made;
  }
}

function readJump(text: string, goto: boolean, context: Context): Jump | null {
  const space = text.indexOf(" ");
  const name = space < 0 ? text : text.slice(0, space);
  if (name.startsWith('"') || name.startsWith("-") || name === "!" || name === "CONTINUE") return null;
  if (!goto && extensionFor("target", name, context.family)) {
    const use = readSavedUse("target", text, context);
    return use && { goto, name, use };
  }
  return space < 0 ? { goto, name } : null;
}
