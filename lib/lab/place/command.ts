import { inNotebook, LabError } from "../../engine";

const display = Symbol.for("Jupyter.display");

/** What a command that ended leaves. In a notebook its output has been shown as it came, so it draws nothing. */
export class CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly milliseconds: number;
  /** What ran, as one would type it. */
  readonly shell: string;
  /** True when its output has been shown in the cell as it came. */
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

  /** True when it exited with 0. */
  get ok(): boolean {
    return this.exitCode === 0;
  }

  /** Its stdout without the line ends at the end, as `$(…)` gives it. */
  toString(): string {
    return this.stdout.replace(/\n+$/, "");
  }

  [display](): Readonly<Record<string, string>> {
    return this.shown ? {} : { "text/plain": this.stdout + this.stderr };
  }
}

/** How a {@link Command} runs; each method of the command sets one. */
export interface CommandSettings {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly stdin?: string;
  readonly user?: string;
  /** Not shown in the cell. */
  readonly quiet?: boolean;
  /** Any exit code is a result. */
  readonly nothrow?: boolean;
}

/** Runs the command once; told where its output goes. */
export type CommandRunner = (settings: CommandSettings, shown: boolean) => Promise<CommandResult>;

/**
 * A command that runs in a place. It starts by itself; `await` gives its result, and throws `COMMAND_FAILED` when it
 * exits with anything but 0. What learners run to see it fail asks for that: `.nothrow()`, or `place.try`.
 *
 * ```ts
 * const { stdout } = await client.sh`ip -br addr`;
 * const ping = await client.sh`ping -c1 -W1 ${address}`.nothrow();
 * ping.exitCode;
 * ```
 */
export class Command extends Promise<CommandResult> {
  // What `then` makes is a plain promise: only the command itself has settings.
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  readonly #settings: { -readonly [Key in keyof CommandSettings]: CommandSettings[Key] };

  /** Name of the place where it runs. */
  readonly where: string;
  /** The script, or the command as one would type it. */
  readonly script: string;

  constructor(where: string, script: string, run: CommandRunner, given: CommandSettings = {}) {
    const settings: CommandSettings = { ...given };
    super((resolve) => {
      // One turn later, so that .quiet() and the others can still be said.
      resolve(Promise.resolve().then(() => settle(where, script, run, settings)));
    });
    this.#settings = settings;
    this.where = where;
    this.script = script;
  }

  /** How it will run, with what was said so far. */
  get settings(): CommandSettings {
    return { ...this.#settings };
  }

  /** Any exit code is a result, not an error. */
  nothrow(): this {
    this.#settings.nothrow = true;
    return this;
  }

  /** Its output is not shown in the cell. */
  quiet(): this {
    this.#settings.quiet = true;
    return this;
  }

  /** Ends it after that many milliseconds and throws `TIMED_OUT`. Default: no limit. */
  timeout(timeoutMs: number): this {
    this.#settings.timeoutMs = timeoutMs;
    return this;
  }

  /** Ends it when `signal` is aborted, with `INTERRUPTED`. Interrupting the cell does so in any case. */
  signal(signal: AbortSignal): this {
    this.#settings.signal = signal;
    return this;
  }

  /** What it reads from its stdin. Default: nothing. */
  stdin(text: string): this {
    this.#settings.stdin = text;
    return this;
  }

  /** Runs as this user of the container. Default: the image's. */
  user(name: string): this {
    this.#settings.user = name;
    return this;
  }

  /** Its stdout, without the line ends at the end; not shown in the cell. */
  async text(): Promise<string> {
    return (await this.quiet()).toString();
  }

  /** The lines of its stdout; not shown in the cell. */
  async lines(): Promise<readonly string[]> {
    const text = await this.text();
    return text === "" ? [] : text.split("\n");
  }

  /** Its stdout as JSON; not shown in the cell. */
  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
}

async function settle(
  where: string,
  script: string,
  run: CommandRunner,
  settings: CommandSettings,
): Promise<CommandResult> {
  const result = await run(settings, inNotebook() && settings.quiet !== true);
  if (result.ok || settings.nothrow === true) return result;
  throw failed(where, script, result);
}

function failed(where: string, script: string, result: CommandResult): LabError {
  const said = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-3).join(" / ");
  return new LabError("COMMAND_FAILED", {
    where,
    found: `${firstLine(script)} exited with ${result.exitCode}${said === "" ? "" : `: ${said}`}`,
    advice: "If it is meant to fail, run it with .nothrow() or with try`…`, and look at its exitCode.",
    cause: result,
  });
}

function firstLine(script: string): string {
  const [line = "", ...more] = script.trim().split("\n");
  return more.length === 0 ? line : `${line} …`;
}
