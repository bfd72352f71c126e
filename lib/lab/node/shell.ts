import { type Engine, LabError, type Process, translate } from "../../engine";

/** What one script left. */
export interface ShellResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

// Reads the length of a script and the script, runs it in a subshell, and ends its output on both streams
// with a zero byte; the exit code follows on stdout. In the C locale a character is a byte.
const LOOP = `export LC_ALL=C
while IFS= read -r length && IFS= read -r -N "$length" script; do
  ( eval "$script" ) </dev/null
  printf '\\0%d\\n' "$?"; printf '\\0' >&2
done`;

interface Pending {
  readonly resolve: (result: ShellResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A bash that stays open in a container, so that a script costs what its commands cost: an exec of its own
 * would add 50 ms to each. Scripts run one after the other.
 */
export class Shell {
  readonly #engine: Engine;
  readonly #where: string;
  readonly #stdout = new Frames();
  readonly #stderr = new Frames();
  #process: Process | undefined;
  #pending: Pending | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #gone: LabError | undefined;

  private constructor(engine: Engine, where: string) {
    this.#engine = engine;
    this.#where = where;
  }

  /** Opens a shell in a running container. Shell: `docker exec -i CONTAINER bash`. */
  static async open(engine: Engine, container: string, where: string): Promise<Shell> {
    const shell = new Shell(engine, where);
    const sink = {
      stdout: (chunk: Buffer) => shell.#take(shell.#stdout, chunk),
      stderr: (chunk: Buffer) => shell.#take(shell.#stderr, chunk),
    };
    const process = await engine.open(container, ["bash", "-c", LOOP], { where, sink });
    shell.#process = process;
    process.exit.then(
      () => shell.#fail("its shell ended: the container was stopped or killed"),
      (error: unknown) => shell.#fail(translate(error, where).found),
    );
    return shell;
  }

  /** False once the container, or the shell in it, has ended. */
  get alive(): boolean {
    return this.#gone === undefined;
  }

  /**
   * Runs a script to its end, after those that were given before. Any exit code is a result, not an error.
   *
   * @throws LabError `NODE_DOWN` when the container is gone.
   */
  run(script: string): Promise<ShellResult> {
    const turn = this.#queue.then(() => this.#runNow(script));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Like {@link Shell.run}, for scripts that must not fail.
   *
   * @throws LabError `COMMAND_FAILED` with what the script wrote to stderr.
   */
  async mustRun(script: string): Promise<string> {
    const { stdout, stderr, exitCode } = await this.run(script);
    if (exitCode === 0) return stdout;
    const said = stderr.trim() || stdout.trim() || "nothing";
    throw new LabError("COMMAND_FAILED", {
      where: this.#where,
      found: `a command ended with ${exitCode} and said: ${said.replace(/\s*\n\s*/g, " ")}`,
      advice: "The cause has the commands that ran.",
      cause: new Error(script),
    });
  }

  close(): void {
    this.#process?.end();
    this.#process?.destroy();
    this.#fail("its shell was closed");
  }

  async #runNow(script: string): Promise<ShellResult> {
    const at = Date.now();
    const start = performance.now();
    const process = this.#process;
    if (this.#gone !== undefined || process === undefined) throw this.#gone;
    const result = await new Promise<ShellResult>((resolve, reject) => {
      this.#pending = { resolve, reject };
      process.write(`${Buffer.byteLength(script)}\n${script}`).catch(reject);
    });
    const { exitCode } = result;
    const milliseconds = performance.now() - start;
    this.#engine.log.add({ at, where: this.#where, command: script, milliseconds, exitCode });
    return result;
  }

  #take(frames: Frames, chunk: Buffer): void {
    frames.push(chunk);
    const code = this.#stdout.trailer;
    if (this.#pending === undefined || code === undefined || !this.#stderr.complete) return;
    const { resolve } = this.#pending;
    this.#pending = undefined;
    resolve({ stdout: this.#stdout.take(), stderr: this.#stderr.take(), exitCode: code });
  }

  #fail(found: string): void {
    this.#gone ??= new LabError("NODE_DOWN", {
      where: this.#where,
      found,
      advice: "What ran in it is gone. Make it again: run its cell, or those from the lab's first one.",
    });
    this.#pending?.reject(this.#gone);
    this.#pending = undefined;
  }
}

/** Output up to the zero byte that ends it, and the number that follows on stdout. */
class Frames {
  #text: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): void {
    this.#text = Buffer.concat([this.#text, chunk]);
  }

  get complete(): boolean {
    return this.#text.includes(0);
  }

  get trailer(): number | undefined {
    const end = this.#text.indexOf(0);
    const number = end < 0 ? undefined : /^(\d+)\n/.exec(this.#text.toString("latin1", end + 1))?.[1];
    return number === undefined ? undefined : Number(number);
  }

  take(): string {
    const text = this.#text.subarray(0, this.#text.indexOf(0)).toString();
    this.#text = Buffer.alloc(0);
    return text;
  }
}
