import { isRestricted, type RuleShape } from "../../check/rule-shape";
import type { Context } from "../../context";
import type { Use } from "../../extensions/extension";
import { readBase } from "../base-options";
import { CODE } from "../character-codes";
import { orNull } from "./saved-use";
import { BASE_LETTERS, partEnd, quoteEnd } from "./segment-ends";
import type { ProtocolParts, SegmentReader } from "./segment-reader";

const { BANG, DASH, DOT, LOWER_G, LOWER_J, LOWER_M, NINE, QUOTE, SLASH, SPACE, ZERO } = CODE;

const COMMENT = "comment --comment ";

/** Text of this many characters fits into the 255 bytes of a comment, even at 3 bytes per character. */
const SURELY_SHORT = 85;

/** Most characters of an interface name (IFNAMSIZ - 1). */
const MOST_INTERFACE_CHARACTERS = 15;

/**
 * Checks a rule that is written as iptables-save writes it, without keeping anything of it. This makes large dumps
 * fast to read: most rules are never looked at again, and SegmentReader reads the others when they are first needed.
 *
 * After `scan`, the scanner itself is the shape of that rule.
 */
export class SavedRuleScanner implements RuleShape {
  in = false;
  out = false;
  readonly restricted: Use[] = [];
  goto = false;
  to: string | undefined;
  readonly #text: string;
  readonly #context: Context;
  readonly #segments: SegmentReader;
  readonly #isChain: (name: string) => boolean;
  /** Whether each network read so far is valid. */
  readonly #networks = new Map<string, boolean>();

  /**
   * @param isChain - whether a name is a chain that the user made, so that it need not be looked up as a target.
   */
  constructor(text: string, context: Context, segments: SegmentReader, isChain: (name: string) => boolean) {
    this.#text = text;
    this.#context = context;
    this.#segments = segments;
    this.#isChain = isChain;
  }

  /** Returns false if the rule in `[from, end)` is wrong, or not written as iptables-save writes it. */
  scan(from: number, end: number): boolean {
    const text = this.#text;
    this.in = false;
    this.out = false;
    this.goto = false;
    this.to = undefined;
    if (this.restricted.length > 0) this.restricted.length = 0;
    let parts: ProtocolParts | null = this.#segments.withoutProtocol;
    let seen = 0;
    let at = from;
    while (at < end) {
      const dash = text.charCodeAt(at) === BANG && text.charCodeAt(at + 1) === SPACE ? at + 2 : at;
      if (text.charCodeAt(dash) !== DASH || text.charCodeAt(dash + 2) !== SPACE) return false;
      const letter = text.charCodeAt(dash + 1);
      const base = BASE_LETTERS.get(letter);
      if (!base) {
        if (dash !== at) return false;
        return this.#scanParts(at, end, parts);
      }
      const bit = 1 << (letter - 97);
      if (seen & bit) return false;
      seen |= bit;
      const first = dash + 3;
      const space = text.indexOf(" ", first);
      const stop = space < 0 || space > end ? end : space;
      if (base === "protocol") {
        parts = this.#segments.partsOfProtocol(text.slice(first, stop), dash !== at);
        if (!parts) return false;
      } else if (base === "in" || base === "out") {
        if (stop === first || stop - first > MOST_INTERFACE_CHARACTERS || !this.#isPlainName(first, stop))
          return false;
        if (base === "in") this.in = true;
        else this.out = true;
      } else if (this.#context.family === "ipv4") {
        if (!isIpv4Network(text, first, stop) || (dash !== at && text.startsWith("/0", stop - 2)))
          return false;
      } else if (dash !== at || !this.#isNetwork(text.slice(first, stop))) return false;
      at = stop + 1;
    }
    return true;
  }

  /** RuleReader reads names with quotes, characters beyond ASCII, or a `!` at the start. */
  #isPlainName(from: number, end: number): boolean {
    const text = this.#text;
    if (text.charCodeAt(from) === BANG) return false;
    for (let at = from; at < end; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE || code >= 128) return false;
    }
    return true;
  }

  #isNetwork(word: string): boolean {
    if (word.includes(",") || word.startsWith('"')) return false;
    const known = this.#networks.get(word);
    if (known !== undefined) return known;
    const valid = orNull(() => readBase("source", word, this.#context)) !== null;
    this.#networks.set(word, valid);
    return valid;
  }

  /** Scans the `-m` parts, and the `-j` or `-g` at the end. */
  #scanParts(from: number, end: number, parts: ProtocolParts): boolean {
    const text = this.#text;
    let at = from;
    while (at < end) {
      if (text.charCodeAt(at) !== DASH || text.charCodeAt(at + 2) !== SPACE) return false;
      const letter = text.charCodeAt(at + 1);
      const stop = partEnd(text, at + 3, end);
      if (stop < 0) return false;
      if (letter === LOWER_M) {
        if (!this.#isShortComment(at + 3, stop)) {
          const use = this.#segments.use(at, stop, parts);
          if (!use) return false;
          if (isRestricted(use)) this.restricted.push(use);
        }
      } else if (letter === LOWER_J || letter === LOWER_G)
        return stop === end && this.#scanJump(at, stop, letter === LOWER_G, parts);
      else return false;
      at = stop + 1;
    }
    return true;
  }

  #isShortComment(from: number, stop: number): boolean {
    const text = this.#text;
    if (!text.startsWith(COMMENT, from)) return false;
    const first = from + COMMENT.length;
    const quoted = text.charCodeAt(first) === QUOTE;
    const inside = quoted ? first + 1 : first;
    const code = text.charCodeAt(inside);
    if (stop - first > SURELY_SHORT || inside >= stop) return false;
    if (code === BANG || code === DASH || code === QUOTE) return false;
    if (quoted) return quoteEnd(text, first, stop) === stop;
    const space = text.indexOf(" ", first);
    return space < 0 || space >= stop;
  }

  #scanJump(at: number, stop: number, goto: boolean, parts: ProtocolParts): boolean {
    const text = this.#text;
    const first = at + 3;
    const space = text.indexOf(" ", first);
    if (space < 0 || space >= stop) {
      const name = text.slice(first, stop);
      if (this.#isChain(name)) {
        this.goto = goto;
        this.to = name;
        return true;
      }
    }
    const jump = this.#segments.jump(at, stop, goto, parts);
    if (!jump) return false;
    this.goto = goto;
    if (!jump.use) this.to = jump.name;
    else if (isRestricted(jump.use)) this.restricted.push(jump.use);
    return true;
  }
}

/** Whether text is `A.B.C.D/N` without leading zeros and without bits outside the mask. */
function isIpv4Network(text: string, from: number, end: number): boolean {
  let address = 0;
  let octets = 0;
  let at = from;
  for (;;) {
    const first = at;
    let value = 0;
    while (at < end) {
      const code = text.charCodeAt(at);
      if (code < ZERO || code > NINE) break;
      value = value * 10 + code - ZERO;
      at++;
    }
    if (at === first || at - first > 3 || (at - first > 1 && text.charCodeAt(first) === ZERO)) return false;
    if (octets === 4) return at === end && value <= 32 && address % 2 ** (32 - value) === 0;
    if (value > 255) return false;
    address = address * 256 + value;
    octets++;
    if (text.charCodeAt(at++) !== (octets === 4 ? SLASH : DOT)) return false;
  }
}
