import { LabError } from "../../engine";

/** A shell script and its positional parameters: `sh -c script sh args…`. */
export interface Script {
  readonly text: string;
  readonly args: readonly string[];
}

/** A value in `${…}` of a script template. A list expands to one word for each entry. */
export type ScriptValue = string | number | bigint | boolean | readonly (string | number)[];

/**
 * Converts a template to a script in which every value is a positional parameter. For example, `curl http://${name}/`
 * becomes `curl http://"${1}"/` with `name` as `$1`. The shell does not parse the values, so they cannot close a quote
 * or start a command.
 *
 * Rule: POSIX shell, 2.2 Quoting, 2.3 Token Recognition (comments), 2.6.3 Command Substitution, 2.7.4 Here-Document.
 *
 * @throws LabError `BAD_CELL` if the delimiter of a here-document contains a value.
 */
export function joinScript(strings: readonly string[], values: readonly ScriptValue[]): Script {
  const joiner = new Joiner(strings.join(VALUE), values);
  joiner.command("");
  return { text: joiner.text, args: joiner.args };
}

/** Marks the position of a value. A script cannot contain NUL, because execve(2) ends an argument at it. */
const VALUE = "\0";

/**
 * In a function, and after `set --` or `shift`, `$1` is a different parameter. A script that contains one of these
 * first assigns the values to variables.
 */
const changesParameters = /\(\s*\)|\b(?:function|set|shift)\b/;

/** Reserved words that a command follows. */
const openingWords = new Set(["if", "then", "elif", "else", "while", "until", "do", "!", "{", "time"]);

interface HereDocument {
  /** The delimiter without quotes. */
  readonly end: string;
  /** `<<-`: the shell removes leading tabs from its lines. */
  readonly stripTabs: boolean;
  /** `<<'END'`: the shell expands nothing in its body. */
  readonly quoted: boolean;
  /** Index of the delimiter in the output. */
  readonly wordAt: number;
}

/** Reads the template once from left to right, and quotes each value as its context requires. */
class Joiner {
  readonly args: string[] = [];
  readonly #source: string;
  readonly #values: readonly ScriptValue[];
  readonly #prefix: string;
  readonly #out: string[] = [];
  readonly #documents: HereDocument[] = [];
  #at = 0;
  #next = 0;

  constructor(source: string, values: readonly ScriptValue[]) {
    this.#source = source;
    this.#values = values;
    this.#prefix = changesParameters.test(source) ? "_wirebook_" : "";
  }

  get text(): string {
    const names =
      this.#prefix === "" ? [] : this.args.map((_, index) => `${this.#prefix}${index + 1}=$\{${index + 1}}`);
    return `${names.length === 0 ? "" : `${names.join(" ")}\n`}${this.#out.join("")}`;
  }

  /**
   * Reads commands up to and including `end`.
   *
   * @param end - `)` of `$(…)`, a backquote, or the empty string for the end of the script.
   */
  command(end: "" | ")" | "`"): void {
    let open = 0;
    let cases = 0;
    let beginsCommand = true;
    let word = "";
    while (this.#at < this.#source.length) {
      const char = this.#source.charAt(this.#at);
      // Line continuation.
      if (this.#source.startsWith("\\\n", this.#at)) {
        this.#take(2);
        continue;
      }
      if (word === "" && char === "#") {
        this.#while(/[^\n]/);
        continue;
      }
      if (!/[\s;&|()<>]/.test(char) && char !== end) {
        word += char;
        this.#part(char);
        continue;
      }
      if (word !== "") {
        if (beginsCommand && word === "case") cases += 1;
        if (beginsCommand && word === "esac") cases -= 1;
        beginsCommand = beginsCommand && openingWords.has(word);
        word = "";
      }
      if (char === end && (char === "`" || (open === 0 && cases === 0))) {
        this.#take(1);
        return;
      }
      if (/[;&|()\n]/.test(char)) beginsCommand = true;
      if (char === "(") open += 1;
      // A pattern of `case` may end with `)` without an opening `(`.
      if (char === ")" && open > 0) open -= 1;
      if (this.#source.startsWith("<<<", this.#at)) this.#take(3);
      else if (this.#source.startsWith("<<", this.#at)) this.#hereDocument();
      else {
        this.#take(1);
        if (char === "\n") this.#bodies();
      }
    }
  }

  /** Reads one part of a word outside quotes. */
  #part(char: string): void {
    if (char === VALUE) this.#value((words) => words.map((word) => `"${word}"`).join(" "));
    else if (char === "\\") this.#take(2);
    else if (char === "'") this.#single("'");
    else if (this.#source.startsWith("$'", this.#at)) this.#single("$'");
    else if (char === '"') this.#double();
    else this.#expansion(char);
  }

  /** Reads an expansion that is also valid in double quotes: `$(…)`, `$((…))` or a backquote; else one character. */
  #expansion(char: string): void {
    if (this.#source.startsWith("$((", this.#at)) this.#arithmetic();
    else if (this.#source.startsWith("$(", this.#at)) {
      this.#take(2);
      this.command(")");
    } else {
      this.#take(1);
      if (char === "`") this.command("`");
    }
  }

  /** @param open - `'`, or `$'`, after which a backslash escapes the next character. */
  #single(open: "'" | "$'"): void {
    this.#take(open.length);
    while (this.#at < this.#source.length) {
      const char = this.#source.charAt(this.#at);
      if (char === VALUE) this.#value((words) => `'${words.map((word) => `"${word}"`).join(" ")}${open}`);
      else this.#take(open === "$'" && char === "\\" ? 2 : 1);
      if (char === "'") return;
    }
  }

  #double(): void {
    this.#take(1);
    while (this.#at < this.#source.length && this.#source.charAt(this.#at) !== '"') {
      this.#expanded(this.#source.charAt(this.#at));
    }
    this.#take(1);
  }

  // Does not quote values: dash rejects quotes in arithmetic with "expecting primary".
  #arithmetic(): void {
    this.#take(3);
    for (let open = 2; open > 0 && this.#at < this.#source.length; ) {
      const char = this.#source.charAt(this.#at);
      if (char === "(") open += 1;
      if (char === ")") open -= 1;
      this.#expanded(char);
    }
  }

  /** Reads one part of a text that the shell expands but does not split into words. */
  #expanded(char: string): void {
    if (char === VALUE) this.#value((words) => words.join(" "));
    else if (char === "\\") this.#take(2);
    else this.#expansion(char);
  }

  /** Reads `<<END` or `<<-'END'`. The body starts after the current line. */
  #hereDocument(): void {
    const stripTabs = this.#source.charAt(this.#at + 2) === "-";
    this.#take(stripTabs ? 3 : 2);
    this.#while(/[ \t]/);
    const word =
      /^(?:\\[\s\S]|'[^']*'|"[^"]*"|[^\s;&|()<>'"\\])*/.exec(this.#source.slice(this.#at))?.[0] ?? "";
    if (word.includes(VALUE)) {
      throw new LabError("BAD_CELL", {
        where: "script",
        found: `the delimiter of a here-document contains $\{…}, but a shell does not expand delimiters`,
        advice: "Write the delimiter as plain text: <<END.",
      });
    }
    this.#documents.push({
      end: word.replace(/\\([\s\S])|['"]/g, "$1"),
      stripTabs,
      quoted: /['"\\]/.test(word),
      wordAt: this.#out.length,
    });
    this.#take(word.length);
  }

  #bodies(): void {
    for (const document of this.#documents.splice(0)) {
      if (document.quoted) this.#quotedBody(document);
      else this.#body(document);
    }
  }

  #body(document: HereDocument): void {
    let begins = true;
    while (this.#at < this.#source.length) {
      if (begins && this.#ends(document)) return;
      const char = this.#source.charAt(this.#at);
      begins = char === "\n";
      this.#expanded(char);
    }
  }

  // The delimiter is quoted, so the shell does not expand parameters in the body. Values of the template become parameters of
  // the script. If the body contains any, we remove the quotes of the delimiter, so that the shell expands these parameters,
  // and escape all other special characters of the body.
  #quotedBody(document: HereDocument): void {
    const from = this.#out.length;
    let hasValue = false;
    let ended = false;
    for (let begins = true; this.#at < this.#source.length; ) {
      ended = begins && this.#ends(document);
      if (ended) break;
      const char = this.#source.charAt(this.#at);
      begins = char === "\n";
      if (char === VALUE) {
        hasValue = true;
        this.#value((words) => words.join(" "));
      } else this.#take(1);
    }
    if (!hasValue || !ended) return;
    const end = this.#out.length - 1;
    for (let index = from; index < end; index++) {
      const text = this.#out[index] ?? "";
      if (/^[\\$`]$/.test(text)) this.#out[index] = `\\${text}`;
    }
    // The new delimiter must not need quotes or equal a line of the body. With as many underscores as the template has
    // characters, it is longer than any line.
    const word = /^\w+$/.test(document.end) ? document.end : `END_${"_".repeat(this.#source.length)}`;
    this.#out[document.wordAt] = word;
    this.#out[end] = word;
  }

  /** If the current line is the delimiter of the here-document, reads it and returns true. */
  #ends({ end, stripTabs }: HereDocument): boolean {
    const rest = this.#source.slice(this.#at);
    const tabs = stripTabs ? (/^\t*/.exec(rest)?.[0].length ?? 0) : 0;
    const line = /^[^\n]*/.exec(rest.slice(tabs))?.[0] ?? "";
    if (line !== end) return false;
    this.#take(tabs + end.length);
    return true;
  }

  #value(write: (words: readonly string[]) => string): void {
    this.#at += 1;
    const value = this.#values[this.#next++];
    const words = value === undefined ? [] : isList(value) ? value.map(String) : [String(value)];
    this.#out.push(write(words.map((word) => `$\{${this.#prefix}${this.args.push(word)}}`)));
  }

  #while(chars: RegExp): void {
    while (this.#at < this.#source.length && chars.test(this.#source.charAt(this.#at))) {
      if (this.#source.charAt(this.#at) === VALUE) this.#value(() => "");
      else this.#take(1);
    }
  }

  #take(length: number): void {
    this.#out.push(this.#source.slice(this.#at, this.#at + length));
    this.#at += length;
  }
}

function isList(value: ScriptValue): value is readonly (string | number)[] {
  return Array.isArray(value);
}
