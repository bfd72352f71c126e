import { randomBytes } from "node:crypto";
import type { Engine } from "../engine";
import { LabError } from "../errors/lab-error";
import { shellText } from "./exec";
import type { Process } from "./process";

/** What one script that a {@link Shell} ran printed. */
export interface ShellAnswer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

interface Question {
  readonly script: string;
  readonly resolve: (answer: ShellAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A shell that stays: one exec that answers many scripts, one after the other, for the price of a pipe instead
 * of 50 ms each. After each script it prints a token that no output can hold on both streams; what came before is
 * the answer. When it ends (its container or namespace went away) what waits fails, and the next script starts it anew.
 */
export class Shell {
  readonly #open: (sink: { stdout(chunk: Buffer): void; stderr(chunk: Buffer): void }) => Promise<Process>;
  readonly #where: string;
  readonly #record: (script: string, milliseconds: number, exitCode: number) => void;
  readonly #token = `\n-wirebook-${randomBytes(12).toString("hex")} `;
  readonly #queue: Question[] = [];
  #process: Promise<Process> | undefined;
  #out = "";
  #err = "";
  #since = 0;
  readonly #closed = new AbortController();

  /** @param enter - what runs the shell: `["sh"]`, or `["nsenter", "-t", "7", "-n", "sh"]`. */
  constructor(engine: Engine, container: string, enter: readonly string[], where: string) {
    this.#where = where;
    this.#open = (sink) => engine.open(container, enter, { where, sink, signal: this.#closed.signal });
    this.#record = (command, milliseconds, exitCode) =>
      engine.log.add({ at: Date.now() - milliseconds, where, command, milliseconds, exitCode });
  }

  /**
   * Runs a script in a subshell, so that nothing it does (`exit`, `exec`, `cd`, a variable, a syntax error) reaches the
   * next one. Any exit code is an answer; 2 is also that of a script which is no valid shell.
   */
  run(script: string): Promise<ShellAnswer> {
    if (this.#closed.signal.aborted) return Promise.reject(this.#gone("the shell is closed"));
    return new Promise((resolve, reject) => {
      this.#queue.push({ script, resolve, reject });
      if (this.#queue.length === 1) this.#ask();
    });
  }

  /** Runs one command. */
  command(argv: readonly string[]): Promise<ShellAnswer> {
    return this.run(shellText(argv));
  }

  /** Ends the shell. What still waits fails. */
  close(): void {
    this.#closed.abort();
    this.#process?.then(
      (process) => process.destroy(),
      () => undefined,
    );
    this.#fail(this.#gone("the shell is closed"));
  }

  #ask(): void {
    const question = this.#queue[0];
    if (!question) return;
    this.#since = performance.now();
    this.#start()
      .then((process) => {
        process.ref();
        return process.write(`(eval ${quoted(question.script)}) </dev/null; ${this.#tail()}\n`);
      })
      .catch((error: unknown) => this.#fail(error instanceof Error ? error : this.#gone(String(error))));
  }

  #tail(): string {
    const token = this.#token.trim();
    return `code=$?; printf '\\n%s %d\\n' ${token} $code; printf '\\n%s %d\\n' ${token} $code >&2`;
  }

  #start(): Promise<Process> {
    this.#process ??= this.#open({
      stdout: (chunk) => {
        this.#out += chunk.toString("latin1");
        this.#look();
      },
      stderr: (chunk) => {
        this.#err += chunk.toString("latin1");
        this.#look();
      },
    }).then((process) => {
      const ended = (): void => {
        this.#process = undefined;
        this.#fail(this.#gone(utf8(this.#err).trim() || "its namespace or container ended"));
      };
      process.exit.then(ended, ended);
      return process;
    });
    return this.#process;
  }

  #look(): void {
    const out = this.#cut(this.#out);
    const err = out && this.#cut(this.#err);
    if (!out || !err) return;
    this.#out = out.rest;
    this.#err = err.rest;
    const question = this.#queue.shift();
    this.#record(question?.script ?? "", performance.now() - this.#since, out.code);
    // Between two questions the stream must not keep our process alive.
    if (this.#queue.length === 0)
      this.#process?.then(
        (process) => process.unref(),
        () => undefined,
      );
    question?.resolve({ stdout: utf8(out.text), stderr: utf8(err.text), exitCode: out.code });
    this.#ask();
  }

  #cut(text: string): { text: string; code: number; rest: string } | undefined {
    const at = text.indexOf(this.#token);
    const end = at < 0 ? -1 : text.indexOf("\n", at + this.#token.length);
    if (end < 0) return undefined;
    return {
      text: text.slice(0, at),
      code: Number(text.slice(at + this.#token.length, end)),
      rest: text.slice(end + 1),
    };
  }

  #fail(error: Error): void {
    this.#process = undefined;
    this.#out = "";
    this.#err = "";
    for (const question of this.#queue.splice(0)) question.reject(error);
  }

  #gone(why: string): LabError {
    return new LabError("CONTAINER_GONE", {
      where: this.#where,
      found: `its network namespace cannot be asked (${why})`,
      advice: "Its container has ended or was removed. Run the cell that makes it once more.",
    });
  }
}

function quoted(script: string): string {
  return `'${script.replaceAll("'", "'\\''")}'`;
}

// Chunks may end inside a character, so text is kept as bytes until it is complete.
function utf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
