import { RuleSyntaxError } from "../../rule-syntax-error";
import { oneOf } from "../../values/list";
import { number, U16 } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import { flag, invertible, match, option } from "../declare";
import type { ParsedOption } from "../extension";
import { first } from "../option-values";

/** Most bytes of a pattern (XT_STRING_MAX_PATTERN_SIZE). */
const PATTERN = 128;

const PRINTABLE = /^[\x20-\x7e]*$/;

/** Reads `text|68 65 78|text`, with bytes in hexadecimal between bars. */
function readHex(word: string): number[] {
  const bytes: number[] = [];
  let hex = false;
  for (let at = 0; at < word.length; at++) {
    const char = word[at] ?? "";
    if (char === "|") hex = !hex;
    else if (char === "\\" && word[at + 1] === "|") bytes.push(word.charCodeAt(++at));
    else if (!hex) bytes.push(...Buffer.from(char));
    else if (char !== " ") {
      const pair = word.slice(at, at + 2);
      if (!/^[0-9a-fA-F]{2}$/.test(pair))
        throw new RuleSyntaxError(`"${pair}" is not a byte in hexadecimal`, "two hexadecimal digits");
      bytes.push(Number.parseInt(pair, 16));
      at++;
    }
  }
  return bytes;
}

const tooLong = (bytes: number): RuleSyntaxError =>
  new RuleSyntaxError(`the pattern has ${bytes} bytes`, `1 to ${PATTERN} bytes`);

/** A pattern is stored as a string with one character per byte. */
const pattern: ValueType = {
  expected: `text of at most ${PATTERN} bytes`,
  quoted: "always",
  read: (word) => {
    const bytes = Buffer.from(word);
    if (bytes.length === 0 || bytes.length > PATTERN) throw tooLong(bytes.length);
    return bytes.toString("latin1");
  },
};

const hexPattern: ValueType = {
  expected: "text with bytes in hexadecimal between bars: |0d 0a|",
  quoted: "always",
  read: (word) => {
    const bytes = readHex(word);
    if (bytes.length === 0 || bytes.length > PATTERN) throw tooLong(bytes.length);
    return Buffer.from(bytes).toString("latin1");
  },
};

function shownPattern(given: ParsedOption): string {
  const value = given.values[0] ?? "";
  const not = given.inverted ? "! " : "";
  const bytes = [...Buffer.from(value, "latin1")];
  if (PRINTABLE.test(value)) return `${not}--string "${value.replace(/["\\]/g, "\\$&")}"`;
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${not}--hex-string "|${hex}|"`;
}

/** Matches packets that contain a string (xt_string.c). */
export const string = match("string", {
  options: [
    invertible("string", pattern, { excludes: ["hex-string"] }),
    invertible("hex-string", hexPattern, { excludes: ["string"] }),
    option("algo", oneOf(["bm", "kmp"]), { required: true }),
    option("from", number(0, U16)),
    option("to", number(0, U16), {}),
    flag("icase"),
  ],
  oneOf: ["string", "hex-string"],
  check: (options) => {
    if (Number(first(options, "from", "0")) > Number(first(options, "to", "65535")))
      throw new RuleSyntaxError("--from is larger than --to", "the smaller offset in --from");
  },
  print: (options) => {
    const given = options.get("string") ?? options.get("hex-string");
    const shown = [given ? shownPattern(given) : "", `--algo ${first(options, "algo")}`];
    if (first(options, "from", "0") !== "0") shown.push(`--from ${first(options, "from")}`);
    if (first(options, "to", "65535") !== "65535") shown.push(`--to ${first(options, "to")}`);
    if (options.has("icase")) shown.push("--icase");
    return shown.join(" ");
  },
});
