import type { Shape } from "../check/rule-shape";
import type { Context } from "../context";
import type { Use } from "../extensions/extension";
import { readBase } from "./base-options";
import { attempt, BASE_LETTERS, type Parts, type SegmentReader } from "./segment-reader";

const SPACE = 32;

const BANG = 33;

const QUOTE = 34;

const DASH = 45;

const DOT = 46;

const SLASH = 47;

const ZERO = 48;

const NINE = 57;

const LOWER_G = 103;

const LOWER_J = 106;

const LOWER_M = 109;

const COMMENT = "comment --comment ";

/** Text of so many characters cannot be longer than the 255 bytes of a comment. */
const SURELY_SHORT = 85;

/**
 * Finds a rule good without keeping anything of it, if it is written as iptables-save does. This is what makes reading a
 * large dump fast: most rules are never looked at, and those that are, SegmentReader reads then.
 */
export class Scanner implements Shape {
  in = false;
  out = false;
  readonly placed: Use[] = [];
  goto = false;
  to: string | undefined;
  private readonly bases = new Map<string, boolean>();

  constructor(
    private readonly text: string,
    private readonly context: Context,
    private readonly segments: SegmentReader,
    /** Whether that name is known to lead to a chain, so that it need not be looked up as a target. */
    private readonly isChain: (name: string) => boolean,
  ) {}

  scan(from: number, end: number): boolean {
    const { text } = this;
    this.in = false;
    this.out = false;
    this.goto = false;
    this.to = undefined;
    if (this.placed.length > 0) this.placed.length = 0;
    let parts: Parts | null = this.segments.plain;
    let seen = 0;
    let at = from;
    while (at < end) {
      const dash = text.charCodeAt(at) === BANG && text.charCodeAt(at + 1) === SPACE ? at + 2 : at;
      if (text.charCodeAt(dash) !== DASH || text.charCodeAt(dash + 2) !== SPACE) return false;
      const letter = text.charCodeAt(dash + 1);
      const base = BASE_LETTERS.get(letter);
      if (!base) {
        if (dash !== at) return false;
        return this.rest(at, end, parts);
      }
      const bit = 1 << (letter - 97);
      if (seen & bit) return false;
      seen |= bit;
      const first = dash + 3;
      const space = text.indexOf(" ", first);
      const stop = space < 0 || space > end ? end : space;
      if (base === "protocol") {
        parts = this.segments.partsNamed(text.slice(first, stop), dash !== at);
        if (!parts) return false;
      } else if (base === "in" || base === "out") {
        if (stop === first || stop - first > 15 || !this.plainName(first, stop)) return false;
        if (base === "in") this.in = true;
        else this.out = true;
      } else if (this.context.family === "ipv4") {
        if (!isIpv4Network(text, first, stop) || (dash !== at && text.startsWith("/0", stop - 2)))
          return false;
      } else if (dash !== at || !this.network(text.slice(first, stop))) return false;
      at = stop + 1;
    }
    return true;
  }

  /** Names that another reader should look at: `!`, with a quote, or not ASCII. */
  private plainName(from: number, end: number): boolean {
    const { text } = this;
    if (text.charCodeAt(from) === BANG) return false;
    for (let at = from; at < end; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE || code >= 128) return false;
    }
    return true;
  }

  private network(word: string): boolean {
    if (word.includes(",") || word.startsWith('"')) return false;
    const known = this.bases.get(word);
    if (known !== undefined) return known;
    const good = attempt(() => readBase("source", word, this.context)) !== null;
    this.bases.set(word, good);
    return good;
  }

  /** `-m` parts and at last `-j` or `-g`. */
  private rest(from: number, end: number, parts: Parts): boolean {
    const { text, segments } = this;
    let at = from;
    while (at < end) {
      if (text.charCodeAt(at) !== DASH || text.charCodeAt(at + 2) !== SPACE) return false;
      const letter = text.charCodeAt(at + 1);
      const stop = segments.partEnd(at + 3, end);
      if (stop < 0) return false;
      if (letter === LOWER_M) {
        if (!this.comment(at + 3, stop)) {
          const use = segments.use(at, stop, parts);
          if (!use) return false;
          if (isPlaced(use)) this.placed.push(use);
        }
      } else if (letter === LOWER_J || letter === LOWER_G)
        return stop === end && this.jump(at, stop, letter === LOWER_G, parts);
      else return false;
      at = stop + 1;
    }
    return true;
  }

  private comment(from: number, stop: number): boolean {
    const { text } = this;
    if (!text.startsWith(COMMENT, from)) return false;
    const first = from + COMMENT.length;
    const quoted = text.charCodeAt(first) === QUOTE;
    const inside = quoted ? first + 1 : first;
    const code = text.charCodeAt(inside);
    if (stop - first > SURELY_SHORT || inside >= stop) return false;
    if (code === BANG || code === DASH || code === QUOTE) return false;
    if (quoted) return this.segments.quoteEnd(first, stop) === stop;
    const space = text.indexOf(" ", first);
    return space < 0 || space >= stop;
  }

  private jump(at: number, stop: number, goto: boolean, parts: Parts): boolean {
    const { text } = this;
    const first = at + 3;
    const space = text.indexOf(" ", first);
    if (space < 0 || space >= stop) {
      const name = text.slice(first, stop);
      if (this.isChain(name)) {
        this.goto = goto;
        this.to = name;
        return true;
      }
    }
    const jump = this.segments.jump(at, stop, goto, parts);
    if (!jump) return false;
    this.goto = goto;
    if (!jump.use) this.to = jump.name;
    else if (isPlaced(jump.use)) this.placed.push(jump.use);
    return true;
  }
}

const isPlaced = ({ extension }: Use): boolean =>
  extension.tables !== undefined ||
  extension.legacyTables !== undefined ||
  extension.hooks !== undefined ||
  extension.demands !== undefined;

/** `A.B.C.D/N` without leading zeros and without bits outside the mask: canonical, so nothing is left to read. */
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
    if (octets === 4) return at === end && value <= 32 && isCut(address, value);
    if (value > 255) return false;
    address = address * 256 + value;
    octets++;
    if (text.charCodeAt(at++) !== (octets === 4 ? SLASH : DOT)) return false;
  }
}

const isCut = (address: number, length: number): boolean => address % 2 ** (32 - length) === 0;
