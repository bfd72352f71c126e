import { type Context, type Kind, Refusal } from "../extensions/declare";

const DECIMAL = /^\s*\+?(?:0[xX][0-9a-fA-F]+|[0-9]+)$/;

/** Reads a number as strtoul(…, 0) does: decimal, 0x hexadecimal, leading 0 octal. Never negative. */
export function readNumber(word: string): bigint | undefined {
  if (!DECIMAL.test(word)) return undefined;
  const digits = word.trimStart().replace("+", "");
  if (/^0[0-9]+$/.test(digits)) return /^[0-7]+$/.test(digits) ? BigInt(`0o${digits}`) : undefined;
  return BigInt(digits);
}

/** Reads the number with which a word begins, as strtoul(…, 0) does, and what stands behind it. */
export function readPrefix(word: string): { readonly value: bigint; readonly rest: string } | undefined {
  const found = /^\s*\+?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)/.exec(word);
  const value = found ? readNumber(found[0]) : undefined;
  return value === undefined ? undefined : { value, rest: word.slice(found?.[0].length) };
}

const DOUBLE =
  /^\s*([+-]?)(?:(inf(?:inity)?|nan)|(0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?\d+)?)|((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?))/i;

/** Reads a number with fractions as strtod does, and what stands behind it. */
export function readDouble(word: string): { readonly value: number; readonly rest: string } | undefined {
  const found = DOUBLE.exec(word);
  if (!found) return undefined;
  const [all, sign, special, hexadecimal, decimal] = found;
  const size = special
    ? special.toLowerCase() === "nan"
      ? Number.NaN
      : Number.POSITIVE_INFINITY
    : hexadecimal === undefined
      ? Number(decimal)
      : hexadecimalValue(hexadecimal.toLowerCase());
  return { value: sign === "-" ? -size : size, rest: word.slice(all.length) };
}

function hexadecimalValue(word: string): number {
  const [digits = "", exponent = "0"] = word.slice(2).split("p");
  const [units = "", fraction = ""] = digits.split(".");
  const value = Number.parseInt(`0${units}${fraction}`, 16);
  return value * 2 ** (Number(exponent) - 4 * fraction.length);
}

/** 32 bits of a double as amd64 converts it: beyond 64 bits nothing is left. */
export function toUnsigned(value: number): number {
  if (!(Math.abs(value) < 2 ** 63)) return 0;
  return Number(BigInt.asUintN(32, BigInt(Math.trunc(value))));
}

/** A whole number within bounds, or a refusal that says which. */
export function whole(word: string, min: number, max: number | bigint, what: string): bigint {
  const value = readNumber(word);
  if (value === undefined || value < BigInt(min) || value > BigInt(max))
    throw new Refusal(`"${word}" is not ${what}`, `${what}, ${min} to ${max}`);
  return value;
}

/** A number that prints in decimal. */
export function number(min: number, max: number | bigint, what = "a number"): Kind {
  return { what, read: (word) => String(whole(word, min, max, what)) };
}

export const U8 = 255;
export const U16 = 65535;
export const U32 = 4294967295;
export const U64 = 18446744073709551615n;

/** `FROM:TO`, either end left out; printed as one number where both are equal. */
export function numberRange(
  max: number | bigint,
  what = "a number or a range FROM:TO",
  form: { readonly separator?: string; readonly keepEqual?: boolean } = {},
): Kind {
  const separator = form.separator ?? ":";
  const bound = (word: string, absent: string): string =>
    word === "" ? absent : String(whole(word, 0, max, what));
  return {
    what,
    read: (word) => {
      const colon = word.indexOf(separator);
      if (colon < 0) return bound(word, "0");
      const from = bound(word.slice(0, colon), "0");
      const to = bound(word.slice(colon + 1), String(max));
      if (BigInt(from) > BigInt(to))
        throw new Refusal(`range "${word}" runs backwards`, `the smaller number first`);
      return from === to && !form.keepEqual ? from : `${from}${separator}${to}`;
    },
  };
}

/**
 * Whether a range value covers everything, so that iptables-save leaves it out. With `!` nothing matches it: 1.8.9 leaves
 * that out too, and loses what the rule says; later versions print it.
 */
export const coversAll =
  (max: number | bigint) =>
  (given: { readonly inverted: boolean; readonly values: readonly string[] }): boolean =>
    !given.inverted && given.values[0] === `0:${max}`;

/** One of a list of words, in any of the cases that iptables takes. */
export function oneOf(words: readonly string[], ignoreCase = false): Kind {
  const what = `one of ${words.join(", ")}`;
  return {
    what,
    read: (word) => {
      const found = words.find(
        (each) => each === word || (ignoreCase && each.toLowerCase() === word.toLowerCase()),
      );
      if (found === undefined) throw new Refusal(`"${word}" is not known here`, what);
      return found;
    },
  };
}

/** Any text. What the kernel's struct does not hold is cut off, as iptables does without a word. */
export function text(most: number, quoted: boolean | "always" = true, least = 1): Kind {
  const what = `text of at most ${most} bytes`;
  return {
    what,
    quoted,
    read: (word) => {
      if (word.length < least) throw new Refusal("this text is empty", what);
      if (word.length * 3 <= most || Buffer.byteLength(word) <= most) return word;
      return Buffer.from(word).subarray(0, most).toString();
    },
  };
}

/** A list in one word, each entry of one kind. */
export function list(entry: Kind, most = Number.POSITIVE_INFINITY): Kind {
  const what = `${entry.what}, several with commas`;
  return {
    what,
    read: (word: string, context: Context) => {
      const entries = word.split(",");
      if (entries.length > most)
        throw new Refusal(`${entries.length} entries are too many`, `at most ${most}`);
      return entries.map((each) => entry.read(each, context)).join(",");
    },
  };
}
