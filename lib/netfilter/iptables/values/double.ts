const DOUBLE =
  /^\s*([+-]?)(?:(inf(?:inity)?|nan)|(0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?\d+)?)|((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?))/i;

/** Reads a number with fractions at the start of a word, as strtod does. Returns it with the rest of the word. */
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

/** Converts a double to 32 bits as amd64 does: values beyond 64 bits become 0. */
export function toUnsigned(value: number): number {
  if (!(Math.abs(value) < 2 ** 63)) return 0;
  return Number(BigInt.asUintN(32, BigInt(Math.trunc(value))));
}
