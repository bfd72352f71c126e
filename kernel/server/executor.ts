import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import path from "node:path";
import { Readable, Writable } from "node:stream";
import { encodeFrame } from "../link/frame";
import { type Command, type Report, readReport } from "../link/protocol";
import { NONCE_LENGTH, type Stream, TurnReader } from "../link/turns";
import { COMMANDS_FD, REPORTS_FD, STOP_LOOPS, TERMINATE, WATCH_FD, watchMessage } from "../link/watch-pipe";
import { childrenOf, signal } from "./children";
import { Throttle } from "./throttle";

/** How a child process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Who hears from the executor, in the order in which the cell spoke. */
export interface ExecutorListener {
  text(stream: Stream, cell: number, bytes: Buffer): void;
  report(report: Report): void;
  /** The process ended, and all that it had said was told. */
  ended(ending: Ending): void;
}

/** How long pipes may stay open after the executor's end: a child process of a cell may still hold them. */
const LINGER = 200;
/** How often they may, when there was still something in them. */
const LINGERS = 50;

/** The process that runs the cells, seen from the server. */
export class Executor {
  private readonly child: ChildProcess;
  private readonly commands: Writable;
  private readonly watch: Writable;

  constructor(listener: ExecutorListener) {
    const nonce = randomBytes(NONCE_LENGTH);
    this.child = spawn(
      process.execPath,
      [
        // A grader takes any stderr for a failure: what packages are warned of must not stand there.
        "--disable-warning=ExperimentalWarning",
        "--no-deprecation",
        // Where Node's context tracking needs no async hooks (24 and later), running code can be terminated.
        "--no-force-async-hooks-checks",
        path.join(__dirname, "..", "executor", "main.js"),
        nonce.toString("hex"),
      ],
      { stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", "pipe"] },
    );
    const turns = new TurnReader(nonce, {
      text: (stream, cell, bytes) => listener.text(stream, cell, bytes),
      frame: (frame) => {
        const report = readReport(frame);
        if (report) listener.report(report);
      },
    });
    const throttle = new Throttle();
    let paused = 0;
    let heard = false;
    for (const [fd, stream] of [
      [1, "stdout"],
      [2, "stderr"],
    ] as const) {
      const pipe = this.readable(fd);
      pipe.on("data", (chunk: Buffer) => {
        heard = true;
        turns.pushText(stream, chunk);
        const rest = throttle.take(chunk.length);
        if (rest === 0) return;
        pipe.pause();
        paused += 1;
        setTimeout(() => {
          paused -= 1;
          pipe.resume();
        }, rest);
      });
    }
    this.readable(REPORTS_FD).on("data", (chunk: Buffer) => {
      heard = true;
      try {
        turns.pushFrames(chunk);
      } catch {
        this.signal("SIGKILL"); // a cell wrote into the pipe itself: nothing after that can be read
      }
    });
    this.commands = this.writable(COMMANDS_FD);
    this.watch = this.writable(WATCH_FD);
    this.child.on("error", () => {}); // told by "exit" and by a missing pid
    this.child.once("exit", (code, signal) => {
      let told = false;
      const tell = () => {
        if (told) return;
        told = true;
        turns.end();
        listener.ended({ code, signal });
      };
      this.child.once("close", tell);
      // Where this process was busy meanwhile, or reads at its pace, the time is over before the pipes are read: they are
      // looked into once more (an immediate comes after the poll for input), and as long as something came.
      const linger = (left: number): void => {
        heard = paused > 0;
        setTimeout(() => setImmediate(() => (heard && left > 0 ? linger(left - 1) : tell())), LINGER);
      };
      linger(LINGERS);
    });
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null && this.child.pid !== undefined;
  }

  send(command: Command): void {
    this.commands.write(encodeFrame(command));
  }

  /** Lets the loops of a cell throw. */
  stopLoops(cell: number): void {
    this.watch.write(watchMessage(STOP_LOOPS, cell));
  }

  /** Ends the JavaScript that runs now, where Node survives that. */
  terminate(cell: number): void {
    this.watch.write(watchMessage(TERMINATE, cell));
  }

  signal(name: NodeJS.Signals): void {
    if (this.alive) this.child.kill(name);
  }

  /** Signals the child processes that were started within the last `seconds`. */
  signalChildren(name: NodeJS.Signals, seconds: number): void {
    if (this.child.pid !== undefined) signal(childrenOf(this.child.pid, seconds), name);
  }

  /** Closes the pipes, which the executor takes for the end: it runs its exit hooks. Killed when that takes too long. */
  async end(deadline: number): Promise<void> {
    if (!this.alive) return;
    const gone = new Promise<void>((resolve) => this.child.once("exit", () => resolve()));
    this.commands.end();
    this.watch.end();
    const timer = setTimeout(() => this.signal("SIGKILL"), deadline);
    await gone;
    clearTimeout(timer);
  }

  private readable(fd: number): Readable {
    const stream = this.child.stdio[fd];
    if (stream instanceof Readable) return stream;
    throw new Error(`the executor's pipe ${fd} is missing`);
  }

  private writable(fd: number): Writable {
    const stream = this.child.stdio[fd];
    // A Socket is a Writable by `instanceof` as well (Symbol.hasInstance of Writable).
    if (!(stream instanceof Writable)) throw new Error(`the executor's pipe ${fd} is missing`);
    stream.on("error", () => {}); // EPIPE: its end is told by "exit"
    return stream;
  }
}
