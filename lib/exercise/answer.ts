import { isValid, isValidCIDR, parse, parseCIDR } from "ipaddr.js";

const yes = new Set([
  "yes",
  "y",
  "yeah",
  "yep",
  "true",
  "correct",
  "it does",
  "it is",
  "they do",
  "they can",
  "it can",
]);
const no = new Set([
  "no",
  "n",
  "nope",
  "false",
  "never",
  "it does not",
  "it doesn't",
  "it is not",
  "it isn't",
  "they do not",
  "they don't",
  "they cannot",
  "they can't",
  "it cannot",
  "it can't",
]);

const numberWords = [
  "zero",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
  "eleven",
  "twelve",
];

/** Seconds of each unit of time. */
const units = new Map([
  ["ms", 0.001],
  ["millisecond", 0.001],
  ["milliseconds", 0.001],
  ["s", 1],
  ["sec", 1],
  ["second", 1],
  ["seconds", 1],
  ["min", 60],
  ["minute", 60],
  ["minutes", 60],
  ["h", 3_600],
  ["hour", 3_600],
  ["hours", 3_600],
]);

/**
 * A learner's or an observed answer. `true` means yes.
 *
 * @example
 * import { type Answer, sameAnswer } from "wirebook";
 * const observed: Answer = true;
 * sameAnswer("Yes", observed); // true
 */
export type Answer = string | number | boolean;

/**
 * How answers are compared.
 *
 * @example
 * import { type AnswerOptions, sameAnswer } from "wirebook";
 * const options: AnswerOptions = { ordered: true };
 * sameAnswer("nat, raw", "raw, nat", options); // false
 */
export interface AnswerOptions {
  /** Whether the order of a list matters. Default: false. */
  readonly ordered?: boolean;
}

/**
 * Returns whether two answers mean the same. Case, spaces, quotes and a final full stop don't matter, and neither does the
 * spelling of numbers (`2`, `two`, `2.0`, `1,000`), yes and no, durations (`1500 ms`, `1.5 s`), percentages (`50 %`, `0.5`)
 * and IP addresses (`::1`, `0:0:0:0:0:0:0:1`; a /32 or /128 may be left out).
 *
 * @param options.ordered - whether the order of a list matters. Default: false.
 * @example
 * import { sameAnswer } from "wirebook";
 * sameAnswer("Two", 2); // true
 * sameAnswer("web1 and web2", "web2, web1"); // true
 * sameAnswer("raw, nat", "nat, raw", { ordered: true }); // false
 */
export function sameAnswer(left: Answer, right: Answer, options: AnswerOptions = {}): boolean {
  const [a, b] = [normalText(left), normalText(right)];
  if (meaning(a) === meaning(b)) return true;
  const [items, others] = [listItems(a), listItems(b)];
  if (items.length < 2 || items.length !== others.length) return false;
  const joined = (list: readonly string[]): string => {
    const meanings = list.map(meaning);
    return (options.ordered === true ? meanings : meanings.sort()).join("\n");
  };
  return joined(items) === joined(others);
}

function normalText(value: Answer): string {
  return String(value)
    .normalize("NFKC")
    .replaceAll("’", "'")
    .replace(/["`“”]/g, "")
    .trim()
    .replace(/[.!]$/, "")
    .replace(/\s*\n\s*/g, ", ")
    .replace(/\s+/g, " ")
    .toLowerCase();
}

/** Returns the same text for answers that mean the same. `answer` is a result of {@link normalText}. */
function meaning(answer: string): string {
  const text = answer.replace(/^(?:the|an?) /, "");
  if (yes.has(text)) return "yes";
  if (no.has(text)) return "no";
  return numberOf(text) ?? durationOf(text) ?? addressOf(text) ?? text;
}

function numberOf(text: string): string | undefined {
  if (text === "none" || text === "nothing") return "0";
  const word = numberWords.indexOf(text);
  if (word >= 0) return String(word);
  const percent = /^(.+?) ?(?:%|percent)$/.exec(text)?.[1];
  const digits = percent ?? text;
  const plain = /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/.test(digits) ? digits.replaceAll(",", "") : digits;
  if (!/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/.test(plain)) return fractionOf(text);
  return rounded(percent === undefined ? Number(plain) : Number(plain) / 100);
}

function fractionOf(text: string): string | undefined {
  const [, above, below] = /^(\d+) ?\/ ?(\d+)$/.exec(text) ?? [];
  if (above === undefined || below === undefined || Number(below) === 0) return undefined;
  return rounded(Number(above) / Number(below));
}

function durationOf(text: string): string | undefined {
  // "a minute" arrives here without its article.
  const [, count = "one", unit = ""] = /^(?:([\d.]+|[a-z]+ ) ?)?([a-z]+)$/.exec(text) ?? [];
  const seconds = units.get(unit);
  const number = numberOf(count.trim());
  if (seconds === undefined || number === undefined) return undefined;
  return `${rounded(Number(number) * seconds)} s`;
}

// Twelve digits: enough to tell answers apart, and few enough to ignore the error of a division.
function rounded(value: number): string {
  return String(Number(value.toPrecision(12)));
}

/** The canonical form of an IP address, of an address with its prefix length, or of an address with a port. */
function addressOf(text: string): string | undefined {
  if (isValidCIDR(text)) {
    const [address, length] = parseCIDR(text);
    const full = address.kind() === "ipv4" ? 32 : 128;
    return length === full ? address.toString() : `${address.toString()}/${length}`;
  }
  // "1" is a valid IPv4 address for some parsers; here it is a number.
  if (/^(?:\d+\.){3}\d+$|:.*:/.test(text) && isValid(text)) return parse(text).toString();
  const [, host = "", port] = /^\[?([^\]]+?)\]?:(\d+)$/.exec(text) ?? [];
  if (port === undefined || !/^(?:\d+\.){3}\d+$|:.*:/.test(host) || !isValid(host)) return undefined;
  return `[${parse(host).toString()}]:${Number(port)}`;
}

/** Splits at commas, semicolons, line ends and the word "and". A comma between digits belongs to a number. */
function listItems(text: string): readonly string[] {
  return text
    .split(/\s*(?:,(?!\d{3}\b)|;|\band\b|&)\s*/)
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
