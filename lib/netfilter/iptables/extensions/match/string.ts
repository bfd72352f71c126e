import { isProgram } from "../../values/bytecode";
import { number, oneOf, text, U16, whole } from "../../values/numbers";
import { type Extension, flag, type Given, invertible, type Kind, match, option, Refusal } from "../declare";
import { first } from "../option-values";

/** Most bytes of a pattern (XT_STRING_MAX_PATTERN_SIZE). */
const PATTERN = 128;

const PRINTABLE = /^[\x20-\x7e]*$/;

/** `text|68 65 78|text`: bytes in hexadecimal between bars. */
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
        throw new Refusal(`"${pair}" is not a byte in hexadecimal`, "two digits");
      bytes.push(Number.parseInt(pair, 16));
      at++;
    }
  }
  return bytes;
}

const tooLong = (bytes: number): Refusal =>
  new Refusal(`a pattern of ${bytes} bytes`, `1 to ${PATTERN} bytes`);

/** Patterns are kept as bytes, one a character. */
const pattern: Kind = {
  what: `text of at most ${PATTERN} bytes`,
  quoted: "always",
  read: (word) => {
    const bytes = Buffer.from(word);
    if (bytes.length === 0 || bytes.length > PATTERN) throw tooLong(bytes.length);
    return bytes.toString("latin1");
  },
};

const hexPattern: Kind = {
  what: "text with |hexadecimal| in it",
  quoted: "always",
  read: (word) => {
    const bytes = readHex(word);
    if (bytes.length === 0 || bytes.length > PATTERN) throw tooLong(bytes.length);
    return Buffer.from(bytes).toString("latin1");
  },
};

function shownPattern(given: Given): string {
  const value = given.values[0] ?? "";
  const not = given.inverted ? "! " : "";
  const bytes = [...Buffer.from(value, "latin1")];
  if (PRINTABLE.test(value)) return `${not}--string "${value.replace(/["\\]/g, "\\$&")}"`;
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${not}--hex-string "|${hex}|"`;
}

const string = match("string", {
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
      throw new Refusal("--from is behind --to", "the smaller offset in --from");
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

const bytecode: Kind = {
  what: "COUNT,CODE JT JF K,… in decimal",
  quoted: "always",
  read: (word) => {
    const [count = "", ...instructions] = word.split(",").map((each) => each.trim());
    const wanted = Number(whole(count, 1, 64, "the number of instructions"));
    const given = instructions.filter((each) => each !== "");
    if (given.length !== wanted)
      throw new Refusal(`${given.length} instructions, not ${wanted}`, "as many as announced");
    const shown = given.map((each) => {
      const numbers = each.split(/\s+/);
      if (numbers.length !== 4 || !numbers.every((part) => /^\d+$/.test(part)))
        throw new Refusal(`"${each}" is not an instruction`, "CODE JT JF K in decimal");
      return numbers.join(" ");
    });
    const program = shown.map((each) => {
      const [code = 0, jumpTrue = 0, jumpFalse = 0, constant = 0] = each.split(" ").map(Number);
      return { code, jumpTrue, jumpFalse, constant };
    });
    if (!isProgram(program))
      throw new Refusal(
        "the kernel does not take this program",
        "instructions that it knows, jumps that stay inside, and a return at the end",
      );
    return [wanted, ...shown].join(",");
  },
};

const bpf = match("bpf", {
  oneOf: ["bytecode", "object-pinned"],
  options: [
    option("bytecode", bytecode, { excludes: ["object-pinned"] }),
    option("object-pinned", text(511, false), { excludes: ["bytecode"] }),
  ],
});

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** `LOCATION=VALUES[&&…]` of u32: numbers print in hexadecimal, spaces vanish. */
const tests: Kind = {
  what: "tests such as 0>>22&0x3C@0=0x1:0x2",
  quoted: "always",
  read: (word) => {
    const compact = word.replace(/\s+/g, "");
    const shown = compact.split("&&").map((test) => {
      const at = test.indexOf("=");
      if (at < 0) throw new Refusal(`"${test}" has no "="`, "LOCATION=VALUE");
      const number32 = (part: string): string => hex(whole(part, 0, 4294967295, "a number of 32 bits"));
      const location = test.slice(0, at).split(/(<<|>>|&|@)/);
      const values = test
        .slice(at + 1)
        .split(",")
        .map((value) => {
          const [from = "", to] = value.split(":");
          return to === undefined ? number32(from) : `${number32(from)}:${number32(to)}`;
        });
      return `${location.map((part, index) => (index % 2 === 0 ? number32(part) : part)).join("")}=${values.join(",")}`;
    });
    return shown.join("&&");
  },
};

const u32 = match("u32", { options: [invertible("u32", tests, { required: true })] });

const osf = match("osf", {
  families: ["ipv4"],
  hooks: ["PREROUTING", "INPUT", "FORWARD"],
  protocols: [6],
  options: [
    invertible("genre", text(31, false, 0), { required: true }),
    option("ttl", number(0, 2)),
    option("log", number(0, 2)),
  ],
});

const nfacct = match("nfacct", { options: [option("nfacct-name", text(31, false), { required: true })] });

export const CONTENT_MATCHES: readonly Extension[] = [string, bpf, u32, osf, nfacct];
