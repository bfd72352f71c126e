import { LabError } from "../../engine";

/** A shell script and its positional parameters: `sh -c script sh args…`. */
export interface Script {
  readonly text: string;
  readonly args: readonly string[];
}

/** What may stand in `${…}` of a script; a list becomes one word for each entry. */
export type ScriptValue = string | number | bigint | boolean | readonly (string | number)[];

/**
 * Joins a template to a script in which every value is a positional parameter: `curl http://${name}/` becomes
 * `curl http://"${1}"/` with `name` as `$1`. No value can end a quote or start a command, whatever it holds.
 *
 * Rule: POSIX shell, 2.2 Quoting, 2.3 Token Recognition (comments), 2.6.3 Command Substitution, 2.7.4 Here-Document.
 *
 * @throws LabError `BAD_CELL` for a value in the word that ends a here-document.
 */
export function joinScript(strings: readonly string[], values: readonly ScriptValue[]): Script {
  const joiner = new Joiner(strings.join(VALUE), values);
  joiner.command("");
  return { text: joiner.text, args: joiner.args };
}

/** Where a value stands. No script can hold this character: execve(2) ends an argument at it. */
const VALUE = "\0";

/** In a function, and after `set --` or `shift`, `$1` is another one: there the values get names first. */
const changesParameters = /\(\s*\)|\b(?:function|set|shift)\b/;

/** Words after which a command begins. */
const openingWords = new Set(["if", "then", "elif", "else", "while", "until", "do", "!", "{", "time"]);

interface HereDocument {
  readonly end: string;
  /** `<<-`: tabs at the beginning of its lines are no part of it. */
  readonly stripTabs: boolean;
  /** `<<'END'`: nothing in it is expanded. */
  readonly quoted: boolean;
  /** Where in the output its end word stands. */
  readonly wordAt: number;
}

/** Reads the template once from left to right, and writes each value as its place asks. */
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

  /** @param end - what ends it: `)` of `$(…)`, a backquote, or the empty text for the end of the script. */
  command(end: "" | ")" | "`"): void {
    let open = 0;
    let cases = 0;
    let beginsCommand = true;
    let word = "";
    while (this.#at < this.#source.length) {
      const char = this.#source.charAt(this.#at);
      // A line that goes on in the next one.
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
      // A pattern of `case` ends with one that was never opened.
      if (char === ")" && open > 0) open -= 1;
      if (this.#source.startsWith("<<<", this.#at)) this.#take(3);
      else if (this.#source.startsWith("<<", this.#at)) this.#hereDocument();
      else {
        this.#take(1);
        if (char === "\n") this.#bodies();
      }
    }
  }

  /** A part of a word outside of quotes. */
  #part(char: string): void {
    if (char === VALUE) this.#value((words) => words.map((word) => `"${word}"`).join(" "));
    else if (char === "\\") this.#take(2);
    else if (char === "'") this.#single("'");
    else if (this.#source.startsWith("$'", this.#at)) this.#single("$'");
    else if (char === '"') this.#double();
    else this.#expansion(char);
  }

  /** What is expanded in quotes and out of them: `$(…)`, `$((…))`, a backquote; else one character. */
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

  /** @param open - `'`, or `$'`, in which a backslash escapes. */
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

  // Quotes have no meaning there, and are an error: dash says "expecting primary".
  #arithmetic(): void {
    this.#take(3);
    for (let open = 2; open > 0 && this.#at < this.#source.length; ) {
      const char = this.#source.charAt(this.#at);
      if (char === "(") open += 1;
      if (char === ")") open -= 1;
      this.#expanded(char);
    }
  }

  /** Text in which expansions take place and are not split into words. */
  #expanded(char: string): void {
    if (char === VALUE) this.#value((words) => words.join(" "));
    else if (char === "\\") this.#take(2);
    else this.#expansion(char);
  }

  /** `<<END` or `<<-'END'`: its body comes after the line. */
  #hereDocument(): void {
    const stripTabs = this.#source.charAt(this.#at + 2) === "-";
    this.#take(stripTabs ? 3 : 2);
    this.#while(/[ \t]/);
    const word =
      /^(?:\\[\s\S]|'[^']*'|"[^"]*"|[^\s;&|()<>'"\\])*/.exec(this.#source.slice(this.#at))?.[0] ?? "";
    if (word.includes(VALUE)) {
      throw new LabError("BAD_CELL", {
        where: "script",
        found:
          "the word that ends a here-document holds a value, and a shell takes that word as it is written",
        advice: "Write the word out: <<END.",
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

  // A parameter is not expanded in it, so one with a value becomes one in which it is, and all else is escaped.
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
    // A word that needs no quotes, and that no line of the body is: the body's lines are not that long.
    const word = /^\w+$/.test(document.end) ? document.end : `END_${"_".repeat(this.#source.length)}`;
    this.#out[document.wordAt] = word;
    this.#out[end] = word;
  }

  /** Takes the line that ends a here-document, if this is it. */
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
