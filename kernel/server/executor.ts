import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import path from "node:path";
import { Readable, Writable } from "node:stream";
import { encodeFrame } from "../link/frame";
import { NONCE_LENGTH, OrderedReader, type Stream } from "../link/output-order";
import { killSession, type ProcessActivity, processActivity, SESSION_MARKER } from "../link/process-tree";
import { type Command, type Report, readReport } from "../link/protocol";
import {
  COMMANDS_FD,
  INTERRUPT_CHILDREN,
  inputMessage,
  KILL_CHILDREN,
  REPORTS_FD,
  STOP_LOOPS,
  TERMINATE,
  WATCHDOG_FD,
  watchdogMessage,
} from "../link/watchdog-pipe";
import { SessionGuard } from "./session-guard";
import { Throttle } from "./throttle";

/** How a child process ended: its exit code, or the signal that ended it. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Receives the executor's output in the order in which the cell wrote it. */
export interface ExecutorListener {
  onText(stream: Stream, cell: number, bytes: Buffer): void;
  onReport(report: Report): void;
  /** The process has ended, and all of its output was passed on. */
  onExit(status: ExitStatus): void;
}

/** How long to wait for more output after the executor has ended. Its child processes may keep the pipes open. */
const DRAIN_INTERVAL_MS = 200;
/** How often to wait again while there was more output. */
const MAX_DRAIN_INTERVALS = 50;

/** The process that runs the cells, as the server sees it. */
export class Executor {
  readonly #marker = randomUUID();
  readonly #child: ChildProcess;
  readonly #commands: Writable;
  readonly #watchdog: Writable;

  /** Resolves when the executor can run cells, or has ended. */
  readonly ready: Promise<void>;

  constructor(listener: ExecutorListener) {
    let markReady = () => {};
    this.ready = new Promise((resolve) => {
      markReady = resolve;
    });
    const nonce = randomBytes(NONCE_LENGTH);
    this.#child = spawn(
      process.execPath,
      [
        // Graders treat any text on stderr as a failure, so Node's warnings must not appear there.
        "--no-warnings",
        // In Node 24 and later, where context tracking needs no async hooks, running code can be terminated.
        "--no-force-async-hooks-checks",
        path.join(__dirname, "..", "executor", "main.js"),
        nonce.toString("hex"),
      ],
      {
        stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", "pipe"],
        // The executor leads its own session, so that its child processes can be found when it has ended.
        detached: true,
        env: { ...process.env, [SESSION_MARKER]: this.#marker },
      },
    );
    const guard = this.#child.pid === undefined ? undefined : new SessionGuard(this.#child.pid, this.#marker);
    const output = new OrderedReader(nonce, {
      text: (stream, cell, bytes) => listener.onText(stream, cell, bytes),
      frame: (frame) => {
        const report = readReport(frame);
        if (report?.kind === "ready") markReady();
        if (report) listener.onReport(report);
      },
    });
    const throttle = new Throttle();
    let paused = 0;
    let received = false;
    for (const [fd, stream] of [
      [1, "stdout"],
      [2, "stderr"],
    ] as const) {
      const pipe = this.#readable(fd);
      pipe.on("data", (chunk: Buffer) => {
        received = true;
        output.pushText(stream, chunk);
        const pauseMs = throttle.take(chunk.length);
        if (pauseMs === 0) return;
        pipe.pause();
        paused += 1;
        setTimeout(() => {
          paused -= 1;
          pipe.resume();
        }, pauseMs);
      });
    }
    this.#readable(REPORTS_FD).on("data", (chunk: Buffer) => {
      received = true;
      try {
        output.pushFrames(chunk);
      } catch {
        this.signal("SIGKILL"); // a cell wrote into the pipe itself; the rest of it cannot be decoded
      }
    });
    this.#commands = this.#writable(COMMANDS_FD);
    this.#watchdog = this.#writable(WATCHDOG_FD);
    this.#child.on("error", () => {}); // the "exit" event and a missing pid report it
    this.#child.once("exit", (code, signal) => {
      const { pid } = this.#child;
      if (pid !== undefined) killSession(pid, this.#marker);
      guard?.dismiss();
      let reported = false;
      const report = () => {
        if (reported) return;
        reported = true;
        output.end();
        listener.onExit({ code, signal });
        markReady();
      };
      this.#child.once("close", report);
      // If this process was busy or reads slowly, the timer can fire before the pipes are read. The immediate runs
      // after the next poll for input. Wait again as long as there was something to read.
      const drain = (intervalsLeft: number): void => {
        received = paused > 0;
        setTimeout(
          () => setImmediate(() => (received && intervalsLeft > 0 ? drain(intervalsLeft - 1) : report())),
          DRAIN_INTERVAL_MS,
        );
      };
      drain(MAX_DRAIN_INTERVALS);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get alive(): boolean {
    const { exitCode, signalCode, pid } = this.#child;
    return exitCode === null && signalCode === null && pid !== undefined;
  }

  send(command: Command): void {
    this.#commands.write(encodeFrame(command));
  }

  /** Makes the loops of a cell throw. */
  stopLoops(cell: number): void {
    this.#watchdog.write(watchdogMessage(STOP_LOOPS, cell));
  }

  /** Sends a line of input to the cell that asked for it. */
  sendInput(text: string): void {
    this.#watchdog.write(inputMessage(text));
  }

  /** Terminates the JavaScript that runs now, where Node survives that. */
  terminate(cell: number): void {
    this.#watchdog.write(watchdogMessage(TERMINATE, cell));
  }

  signal(name: NodeJS.Signals): void {
    if (this.alive) this.#child.kill(name);
  }

  /** Sends SIGINT to the child processes that were started at most `maxAgeMs` ago. */
  interruptChildren(maxAgeMs: number): void {
    this.#watchdog.write(watchdogMessage(INTERRUPT_CHILDREN, Math.ceil(maxAgeMs)));
  }

  /** Kills the child processes that were started at most `maxAgeMs` ago. */
  killChildren(maxAgeMs: number): void {
    this.#watchdog.write(watchdogMessage(KILL_CHILDREN, Math.ceil(maxAgeMs)));
  }

  /** Whether the process has a chance to react: see {@link processActivity}. */
  activity(): ProcessActivity | undefined {
    const { pid } = this.#child;
    return pid === undefined ? undefined : processActivity(pid);
  }

  /** Closes the pipes, whereupon the executor runs its exit hooks and ends. Kills it after `timeoutMs`. */
  async end(timeoutMs: number): Promise<void> {
    if (!this.alive) return;
    const exited = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
    this.#commands.end();
    this.#watchdog.end();
    const timer = setTimeout(() => this.signal("SIGKILL"), timeoutMs);
    await exited;
    clearTimeout(timer);
  }

  #readable(fd: number): Readable {
    const stream = this.#child.stdio[fd];
    if (stream instanceof Readable) return stream;
    throw new Error(`the executor's pipe ${fd} is missing`);
  }

  #writable(fd: number): Writable {
    const stream = this.#child.stdio[fd];
    // `instanceof Writable` is also true for a Socket, because Writable defines Symbol.hasInstance.
    if (!(stream instanceof Writable)) throw new Error(`the executor's pipe ${fd} is missing`);
    stream.on("error", () => {}); // EPIPE: the "exit" event reports that the executor has ended
    return stream;
  }
}
