import { display } from "../../display";
import { inNotebook, LabError } from "../../engine";

/**
 * The result of a command that has exited. In a notebook, the command's output was already shown while it ran, so the
 * result itself displays nothing.
 *
 * @example
 * import { type CommandResult, Lab } from "wirebook";
 * const lab = await Lab.open("command-result-example");
 * const result: CommandResult = await lab.outside.sh`ip -br addr`;
 * console.log(result.exitCode, result.milliseconds, String(result));
 * await lab.close();
 */
export class CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  /** Run time in milliseconds. */
  readonly milliseconds: number;
  /** The command or script that ran. */
  readonly shell: string;
  /** True if the output was shown in the cell while the command ran. */
  readonly shown: boolean;

  constructor(
    result: { stdout: string; stderr: string; exitCode: number; milliseconds: number },
    shown: boolean,
    shell = "",
  ) {
    this.shell = shell;
    this.stdout = result.stdout;
    this.stderr = result.stderr;
    this.exitCode = result.exitCode;
    this.milliseconds = result.milliseconds;
    this.shown = shown;
  }

  /** True if the exit code is 0. */
  get ok(): boolean {
    return this.exitCode === 0;
  }

  /** Returns stdout without trailing newlines, like `$(…)` in a shell. */
  toString(): string {
    return this.stdout.replace(/\n+$/, "");
  }

  [display](): Readonly<Record<string, string>> {
    return this.shown ? {} : { "text/plain": this.stdout + this.stderr };
  }
}

/** How a {@link Command} runs. Each field is set by a method. */
export interface CommandSettings {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly stdin?: string;
  readonly user?: string;
  /** Does not show the output in the cell. */
  readonly quiet?: boolean;
  /** Does not throw if the exit code is not 0. */
  readonly nothrow?: boolean;
}

/** Runs the command once. `shown` says whether to show the output in the cell. */
export type CommandRunner = (settings: CommandSettings, shown: boolean) => Promise<CommandResult>;

/**
 * A command in a place. It starts without further calls in the next microtask, so that options can still be set. `await`
 * returns its {@link CommandResult}, and throws `COMMAND_FAILED` if the exit code is not 0. Use `.nothrow()` or
 * `place.try` for commands that are expected to fail.
 *
 * Shell: `docker exec PLACE sh -c SCRIPT`.
 *
 * @example
 * import { Lab } from "wirebook";
 * const lab = await Lab.open("command-example");
 * const client = await lab.pod("client");
 * const addresses = await client.sh`ip -br addr`.lines();
 * const ping = await client.sh`ping -c1 -W1 192.0.2.1`.nothrow().timeout(5_000);
 * console.log(addresses.length, ping.exitCode);
 * await lab.close();
 */
export class Command extends Promise<CommandResult> {
  // `then` and `catch` return plain promises: the settings belong to the command only.
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  readonly #settings: { -readonly [Key in keyof CommandSettings]: CommandSettings[Key] };

  /** Name of the place that it runs in. */
  readonly where: string;
  /** The script, or the command with its arguments quoted for a shell. */
  readonly script: string;

  constructor(where: string, script: string, run: CommandRunner, given: CommandSettings = {}) {
    const settings: CommandSettings = { ...given };
    super((resolve) => {
      // Start in the next microtask, so that .quiet() and the other methods can still be called.
      resolve(Promise.resolve().then(() => runCommand(where, script, run, settings)));
    });
    this.#settings = settings;
    this.where = where;
    this.script = script;
  }

  /** The settings so far. */
  get settings(): CommandSettings {
    return { ...this.#settings };
  }

  /** Does not throw if the exit code is not 0. */
  nothrow(): this {
    this.#settings.nothrow = true;
    return this;
  }

  /** Does not show the output in the cell. */
  quiet(): this {
    this.#settings.quiet = true;
    return this;
  }

  /** Kills the command after `timeoutMs` milliseconds and throws `TIMED_OUT`. Default: no limit. */
  timeout(timeoutMs: number): this {
    this.#settings.timeoutMs = timeoutMs;
    return this;
  }

  /** Kills the command when `signal` is aborted and throws `INTERRUPTED`. Interrupting the cell always does the same. */
  signal(signal: AbortSignal): this {
    this.#settings.signal = signal;
    return this;
  }

  /** Sets the text that the command reads from stdin. Default: empty. */
  stdin(text: string): this {
    this.#settings.stdin = text;
    return this;
  }

  /** Runs the command as this user of the container. Default: the user of the image. */
  user(name: string): this {
    this.#settings.user = name;
    return this;
  }

  /** Returns stdout without trailing newlines. Does not show it in the cell. */
  async text(): Promise<string> {
    return (await this.quiet()).toString();
  }

  /** Returns the lines of stdout. Does not show them in the cell. */
  async lines(): Promise<readonly string[]> {
    const text = await this.text();
    return text === "" ? [] : text.split("\n");
  }

  /** Parses stdout as JSON. Does not show it in the cell. */
  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
}

async function runCommand(
  where: string,
  script: string,
  run: CommandRunner,
  settings: CommandSettings,
): Promise<CommandResult> {
  const result = await run(settings, inNotebook() && settings.quiet !== true);
  if (result.ok || settings.nothrow === true) return result;
  throw commandFailed(where, script, result);
}

function commandFailed(where: string, script: string, result: CommandResult): LabError {
  const output = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-3).join(" / ");
  return new LabError("COMMAND_FAILED", {
    where,
    found: `${firstLine(script)} exited with ${result.exitCode}${output === "" ? "" : `: ${output}`}`,
    advice: "If you expect it to fail, run it with .nothrow() or with try`…` and check its exitCode.",
    cause: result,
  });
}

function firstLine(script: string): string {
  const [line = "", ...more] = script.trim().split("\n");
  return more.length === 0 ? line : `${line} …`;
}
