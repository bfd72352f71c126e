import { randomUUID } from "node:crypto";
import type Docker from "dockerode";
import { withoutUndefined } from "../../without-undefined";
import { interruptSignal } from "../cell";
import type { CommandLog } from "../command-log";
import { translate } from "../errors/known-errors";
import { LabError } from "../errors/lab-error";
import { attach } from "./attach";
import { type Process, processOn, type Sink } from "./process";

/**
 * Options of a program that runs in a container.
 *
 * @example
 * import { type ExecOptions, Lab } from "wirebook";
 * const lab = await Lab.open("exec-options-example");
 * const options: ExecOptions = { timeoutMs: 2_000, stdin: "10.0.0.1\n" };
 * const { stdout } = await lab.outside.exec(["cat"], options);
 * await lab.close();
 */
export interface ExecOptions {
  /** Name of the place, for the command log and for errors. Default: the container's id, 12 characters. */
  readonly where?: string;
  /** Time in milliseconds after which the program is killed and `TIMED_OUT` thrown. Default: no limit. */
  readonly timeoutMs?: number;
  /** When it aborts, the program is killed and `INTERRUPTED` thrown. Interrupting the cell always does this. */
  readonly signal?: AbortSignal;
  /** Content of stdin. Default: empty. */
  readonly stdin?: string | Uint8Array;
  /** User name or id, with an optional group: `www-data`, `1000:1000`. Default: the container's. */
  readonly user?: string;
  /** Default: the container's. */
  readonly workdir?: string;
  /** Variables in addition to those of the container. */
  readonly env?: Readonly<Record<string, string>>;
  /** Receives the output as it arrives. */
  readonly sink?: Sink;
}

/**
 * The result of a program that ended.
 *
 * @example
 * import { type ExecResult, Lab } from "wirebook";
 * const lab = await Lab.open("exec-result-example");
 * const result: ExecResult = await lab.outside.exec(["ls", "/missing"]);
 * console.log(result.exitCode, result.stderr, `${result.milliseconds} ms`);
 * await lab.close();
 */
export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly milliseconds: number;
}

// The environment variable that marks a program and its child processes, so that they can be found and killed.
const mark = "WIREBOOK_EXEC";

// Ends every process with the mark $1: first with SIGINT like Ctrl-C, so that ping and tcpdump print their summary, then
// with SIGKILL. Both in one exec, because an engine delays the next exec by two seconds while a child of the ended
// program still has its output open. An exec of the same user has the same capabilities, and may therefore read
// /proc/PID/environ (ptrace(2), PTRACE_MODE_READ).
const endMarked = `marked() {
  for file in /proc/[0-9]*/environ; do
    if { tr '\\0' '\\n' < "$file"; } 2>/dev/null | grep -qx "${mark}=$1"; then
      pid=\${file#/proc/}; echo "\${pid%/environ}"
    fi
  done
}
kill -INT $(marked "$1") 2>/dev/null
for wait in 1 2 3 4 5 6; do [ -n "$(marked "$1")" ] || exit 0; sleep 0.05; done
kill -KILL $(marked "$1") 2>/dev/null`;

/** Runs programs in the containers of one engine. */
export class Execs {
  readonly #docker: Docker;
  readonly #log: CommandLog;

  constructor(docker: Docker, log: CommandLog) {
    this.#docker = docker;
    this.#log = log;
  }

  /**
   * Runs a program in a container and waits until it ends. A non-zero exit code is returned, not thrown.
   *
   * Shell: `docker exec ID argv…`.
   *
   * @throws LabError `COMMAND_MISSING`, `NOT_RUNNING`, `CONTAINER_GONE`, `TIMED_OUT`, `INTERRUPTED`, `ENGINE_GONE`.
   */
  async run(container: string, argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    const where = options.where ?? container.slice(0, 12);
    const at = Date.now();
    const start = performance.now();
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const id = randomUUID();
    const sink: Sink = {
      stdout: (chunk) => {
        stdout.push(chunk);
        options.sink?.stdout?.(chunk);
      },
      stderr: (chunk) => {
        stderr.push(chunk);
        options.sink?.stderr?.(chunk);
      },
    };
    const stop = stopSignal(options);
    const record = (more: { exitCode?: number; failure?: string }): void =>
      this.#log.add({
        at,
        where,
        command: shellText(argv),
        milliseconds: performance.now() - start,
        ...more,
      });
    try {
      stop.throwIfStopped(where);
      const process = await this.open(container, argv, {
        ...options,
        where,
        sink,
        env: { ...options.env, [mark]: id },
        signal: stop.signal,
      }).catch(async (error: unknown) => {
        // The program may have started before we saw a reply.
        if (stop.signal.aborted) await this.#kill(container, id, options).catch(() => undefined);
        stop.throwIfStopped(where);
        throw error;
      });
      if (options.stdin !== undefined) process.write(options.stdin).catch(() => undefined);
      process.end();
      const exitCode = await stop.race(process, where, () => this.#kill(container, id, options));
      const text = { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
      throwIfNotStarted(where, exitCode, text.stdout + text.stderr);
      record({ exitCode });
      return { ...text, exitCode, milliseconds: performance.now() - start };
    } catch (error) {
      const failure = translate(error, where, this.#log.engine);
      record({ failure: failure.message });
      throw failure;
    } finally {
      stop.release();
    }
  }

  /** Starts `argv` and returns its streams. `signal` cancels the start; it has no effect on a program that runs. */
  async open(container: string, argv: readonly string[], options: ExecOptions = {}): Promise<Process> {
    const where = options.where ?? container.slice(0, 12);
    const translated = (cause: unknown): LabError => translate(cause, where, this.#log.engine);
    try {
      const exec = await this.#docker.getContainer(container).exec({
        Cmd: [...argv],
        AttachStdin: true,
        AttachStdout: true,
        AttachStderr: true,
        ...withoutUndefined({ User: options.user, WorkingDir: options.workdir }),
        ...(options.env ? { Env: Object.entries(options.env).map(([key, value]) => `${key}=${value}`) } : {}),
      });
      const stream = await attach(this.#docker, container, exec, options.signal);
      return processOn(stream, options.sink ?? {}, () => exitCodeOf(exec), translated);
    } catch (error) {
      throw translated(error);
    }
  }

  async #kill(container: string, id: string, options: ExecOptions): Promise<void> {
    const user = options.user === undefined ? {} : { user: options.user };
    const killer = await this.open(container, ["sh", "-c", endMarked, "sh", id], user);
    killer.end();
    await killer.exit;
  }
}

// The stream can end before the engine has stored the exit code (moby gets the exit event from containerd separately),
// so this polls until it is set.
async function exitCodeOf(exec: Docker.Exec): Promise<number> {
  for (let wait = 1; wait < 1_000; wait *= 2) {
    const { Running, ExitCode } = await exec.inspect();
    if (!Running && ExitCode !== null) return ExitCode;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
  return -1;
}

// If the program doesn't exist, or the container ends before the program starts, the request succeeds all the same: the
// engine writes the runtime's error to the stream and sets exit code 126 or 127.
function throwIfNotStarted(where: string, exitCode: number, text: string): void {
  if (exitCode !== 126 && exitCode !== 127) return;
  const failed = /^(?:OCI runtime|runc).*exec failed/m.test(text);
  const ended =
    /^(?:cannot exec in a \w+ (?:state|container)(?:: unknown)?|container is not running)\r\n$/.test(text);
  if (failed || ended) throw translate(new Error(text.trim()), where);
}

interface Stop {
  readonly signal: AbortSignal;
  throwIfStopped(where: string): void;
  race(process: Process, where: string, end: () => Promise<void>): Promise<number>;
  release(): void;
}

function stopSignal({ timeoutMs, signal }: ExecOptions): Stop {
  const interrupt = interruptSignal();
  const signals = [signal, interrupt].flatMap((each) => (each ? [each] : []));
  const expired = new AbortController();
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => expired.abort(), timeoutMs);
  const all = AbortSignal.any([...signals, expired.signal]);
  const error = (where: string): LabError =>
    expired.signal.aborted
      ? new LabError("TIMED_OUT", {
          where,
          found: `the command did not end within ${timeoutMs} ms`,
          advice: "Set a longer { timeoutMs }, or find out what the command waits for.",
        })
      : new LabError("INTERRUPTED", {
          where,
          found: "the command was interrupted and killed",
          advice: "Run the cell again to start it again.",
        });
  return {
    signal: all,
    throwIfStopped: (where) => {
      if (all.aborted) throw error(where);
    },
    release: () => clearTimeout(timer),
    race: async (process, where, end) => {
      let onAbort = (): void => undefined;
      const aborted = new Promise<undefined>((resolve) => {
        onAbort = () => resolve(undefined);
        if (all.aborted) onAbort();
        all.addEventListener("abort", onAbort, { once: true });
      });
      const ended = await Promise.race([process.exit, aborted]);
      all.removeEventListener("abort", onAbort);
      if (ended !== undefined) return ended;
      await end().catch(() => undefined);
      process.destroy();
      throw error(where);
    },
  };
}

/** Returns `argv` as a shell command. Quotes the arguments that a shell would split or expand. */
export function shellText(argv: readonly string[]): string {
  return argv
    .map((argument) =>
      /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`,
    )
    .join(" ");
}
