import { randomUUID } from "node:crypto";
import type Docker from "dockerode";
import { interruptSignal } from "../cell";
import type { CommandLog } from "../command-log";
import { errno, translate } from "../errors/known-errors";
import { LabError } from "../errors/lab-error";
import { attach } from "./attach";
import { type Process, processOn, type Sink } from "./process";

/** How a program runs in a container. */
export interface ExecOptions {
  /** Name of the place, for the record and for errors. Default: the container's id. */
  readonly where?: string;
  /** Milliseconds until it is killed and `TIMED_OUT` thrown. Default: no limit. */
  readonly timeout?: number;
  /** Kills it when aborted, with `INTERRUPTED`. The interrupt of a notebook's cell does so in any case. */
  readonly signal?: AbortSignal;
  /** What it reads from stdin. Default: end of file at once. */
  readonly stdin?: string | Uint8Array;
  readonly user?: string;
  readonly workdir?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Told the output as it comes. */
  readonly sink?: Sink;
}

/** What a program that ended leaves. */
export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly milliseconds: number;
}

// The variable that marks a program and all that it starts, so that an interrupt finds them.
const mark = "WIREBOOK_EXEC";

// Ends every process that carries the mark $1: first as Ctrl-C does, so that ping and tcpdump print their
// summary, then for good. In one exec, because an engine delays the next one by two seconds while a child of the
// ended program still holds its output. /proc/PID/environ may be read by the same user with the same capabilities
// (ptrace(2), PTRACE_MODE_READ), which another exec of that user is.
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
   * Runs `argv` to its end. Any exit code is a result, not an error.
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
        // It may have begun unheard.
        if (stop.signal.aborted) await this.#end(container, id, options).catch(() => undefined);
        stop.throwIfStopped(where);
        throw error;
      });
      if (options.stdin !== undefined) process.write(options.stdin).catch(() => undefined);
      process.end();
      const exitCode = await stop.race(process, where, () => this.#end(container, id, options));
      const text = { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
      missing(where, exitCode, text.stdout + text.stderr);
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

  /** Starts `argv` and holds its streams open. `signal` is for the start alone. */
  async open(container: string, argv: readonly string[], options: ExecOptions = {}): Promise<Process> {
    const where = options.where ?? container.slice(0, 12);
    const translated = (cause: unknown): LabError => translate(cause, where, this.#log.engine);
    try {
      const exec = await this.#docker.getContainer(container).exec({
        Cmd: [...argv],
        AttachStdin: true,
        AttachStdout: true,
        AttachStderr: true,
        ...(options.user === undefined ? {} : { User: options.user }),
        ...(options.workdir === undefined ? {} : { WorkingDir: options.workdir }),
        ...(options.env ? { Env: Object.entries(options.env).map(([key, value]) => `${key}=${value}`) } : {}),
      });
      const stream = await attach(this.#docker, container, exec, options.signal);
      return processOn(stream, options.sink ?? {}, () => exitCodeOf(exec), translated);
    } catch (error) {
      throw translated(error);
    }
  }

  async #end(container: string, id: string, options: ExecOptions): Promise<void> {
    const user = options.user === undefined ? {} : { user: options.user };
    const killer = await this.open(container, ["sh", "-c", endMarked, "sh", id], user);
    killer.end();
    await killer.exit;
  }
}

// The stream can end a moment before the engine has noted the exit code (moby: the exec's exit event comes
// from containerd on another path), so it is asked again until it is there.
async function exitCodeOf(exec: Docker.Exec): Promise<number> {
  for (let wait = 1; wait < 1_000; wait *= 2) {
    const { Running, ExitCode } = await exec.inspect();
    if (!Running && ExitCode !== null) return ExitCode;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
  return -1;
}

// A program that is not there is no failure of the request, nor is a container that ends before it begins: the engine
// writes the runtime's text into the stream and gives 126 or 127.
function missing(where: string, exitCode: number, text: string): void {
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

function stopSignal({ timeout, signal }: ExecOptions): Stop {
  const interrupt = interruptSignal();
  const signals = [signal, interrupt].flatMap((each) => (each ? [each] : []));
  const expired = new AbortController();
  const timer = timeout === undefined ? undefined : setTimeout(() => expired.abort(), timeout);
  const all = AbortSignal.any([...signals, expired.signal]);
  const error = (where: string): LabError =>
    expired.signal.aborted
      ? new LabError("TIMED_OUT", {
          where,
          found: `the command did not end within ${timeout} ms`,
          advice: "Give it longer with { timeout }, or see what it waits for.",
        })
      : new LabError("INTERRUPTED", {
          where,
          found: "the command was interrupted and has been ended",
          advice: "Run the cell again when you are ready.",
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

/** `argv` as one would type it: words that a shell would take apart are quoted. */
export function shellText(argv: readonly string[]): string {
  return argv
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(" ");
}

/** True for a failure that says that the connection is gone, not that a request was refused. */
export function isDisconnect(error: unknown): boolean {
  return ["ECONNRESET", "EPIPE", "ECONNREFUSED"].includes(errno(error));
}
