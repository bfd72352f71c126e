import { randomBytes } from "node:crypto";
import type { Engine } from "../engine";
import { LabError } from "../errors/lab-error";
import { shellText } from "./exec";
import type { Process } from "./process";

/** The output and exit code of a script that a {@link Shell} ran. */
export interface ShellAnswer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

interface Pending {
  readonly script: string;
  readonly resolve: (answer: ShellAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A persistent shell: one exec that runs many scripts, one after the other. A new exec for each script would take about
 * 50 ms. After each script the shell prints a random token to both streams; everything before it is the output of the
 * script. When the shell ends, because its container or namespace has ended, all waiting scripts fail. The next script
 * starts a new shell.
 */
export class Shell {
  readonly #open: (sink: { stdout(chunk: Buffer): void; stderr(chunk: Buffer): void }) => Promise<Process>;
  readonly #where: string;
  readonly #record: (script: string, milliseconds: number, exitCode: number) => void;
  readonly #token = `\n-wirebook-${randomBytes(12).toString("hex")} `;
  readonly #queue: Pending[] = [];
  #process: Promise<Process> | undefined;
  #stdout = "";
  #stderr = "";
  #startedAt = 0;
  readonly #closed = new AbortController();

  /**
   * @param enter - the command that starts the shell: `["sh"]`, or `["nsenter", "-t", "7", "-n", "sh"]`.
   * @param where - name of the place, for the command log and for errors.
   */
  constructor(engine: Engine, container: string, enter: readonly string[], where: string) {
    this.#where = where;
    this.#open = (sink) => engine.open(container, enter, { where, sink, signal: this.#closed.signal });
    this.#record = (command, milliseconds, exitCode) =>
      engine.log.add({ at: Date.now() - milliseconds, where, command, milliseconds, exitCode });
  }

  /**
   * Runs a script in a subshell, so that `exit`, `exec`, `cd`, variables and syntax errors don't affect the next one.
   *
   * @returns the output and the exit code; 2 for a syntax error.
   * @throws LabError `CONTAINER_GONE` when the shell is closed, or its container or namespace has ended.
   */
  run(script: string): Promise<ShellAnswer> {
    if (this.#closed.signal.aborted) return Promise.reject(this.#goneError("the shell is closed"));
    return new Promise((resolve, reject) => {
      this.#queue.push({ script, resolve, reject });
      if (this.#queue.length === 1) this.#runNext();
    });
  }

  /** Runs one command. See {@link run}. */
  command(argv: readonly string[]): Promise<ShellAnswer> {
    return this.run(shellText(argv));
  }

  /** Ends the shell. Waiting scripts fail. */
  close(): void {
    this.#closed.abort();
    this.#process?.then(
      (process) => process.destroy(),
      () => undefined,
    );
    this.#fail(this.#goneError("the shell is closed"));
  }

  #runNext(): void {
    const pending = this.#queue[0];
    if (!pending) return;
    this.#startedAt = performance.now();
    this.#start()
      .then((process) => {
        process.ref();
        return process.write(`(eval ${quoted(pending.script)}) </dev/null; ${this.#printToken()}\n`);
      })
      .catch((error: unknown) => this.#fail(error instanceof Error ? error : this.#goneError(String(error))));
  }

  #printToken(): string {
    const token = this.#token.trim();
    return `code=$?; printf '\\n%s %d\\n' ${token} $code; printf '\\n%s %d\\n' ${token} $code >&2`;
  }

  #start(): Promise<Process> {
    this.#process ??= this.#open({
      stdout: (chunk) => {
        this.#stdout += chunk.toString("latin1");
        this.#readAnswer();
      },
      stderr: (chunk) => {
        this.#stderr += chunk.toString("latin1");
        this.#readAnswer();
      },
    }).then((process) => {
      const ended = (): void => {
        this.#process = undefined;
        this.#fail(this.#goneError(utf8(this.#stderr).trim() || "its namespace or container ended"));
      };
      process.exit.then(ended, ended);
      return process;
    });
    return this.#process;
  }

  #readAnswer(): void {
    const stdout = this.#splitAtToken(this.#stdout);
    const stderr = stdout && this.#splitAtToken(this.#stderr);
    if (!stdout || !stderr) return;
    this.#stdout = stdout.rest;
    this.#stderr = stderr.rest;
    const pending = this.#queue.shift();
    this.#record(pending?.script ?? "", performance.now() - this.#startedAt, stdout.code);
    // While the shell is idle, its stream must not keep the Node.js process alive.
    if (this.#queue.length === 0)
      this.#process?.then(
        (process) => process.unref(),
        () => undefined,
      );
    pending?.resolve({ stdout: utf8(stdout.text), stderr: utf8(stderr.text), exitCode: stdout.code });
    this.#runNext();
  }

  #splitAtToken(text: string): { text: string; code: number; rest: string } | undefined {
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
    this.#stdout = "";
    this.#stderr = "";
    for (const pending of this.#queue.splice(0)) pending.reject(error);
  }

  #goneError(reason: string): LabError {
    return new LabError("CONTAINER_GONE", {
      where: this.#where,
      found: `its network namespace cannot be read (${reason})`,
      advice: "Its container has ended or was removed. Run the cell that creates it again.",
    });
  }
}

function quoted(script: string): string {
  return `'${script.replaceAll("'", "'\\''")}'`;
}

// A chunk may end in the middle of a character, so output is collected as Latin-1 (one character per byte) and decoded
// when it is complete.
function utf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
