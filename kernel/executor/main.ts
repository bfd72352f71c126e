import { Socket } from "node:net";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { RUN_MAGIC } from "../language/magic";
import { FrameReader } from "../link/frame";
import { readCommand } from "../link/protocol";
import { COMMANDS_FD, WATCH_FD } from "../link/watch-pipe";
import { Cells } from "./cell";
import { Displays } from "./display";
import { describeFailure } from "./failure";
import { flag } from "./flag";
import { isInterruption } from "./interrupted";
import { Magics } from "./magics";
import { CellModules } from "./modules";
import { hidePromiseMarks } from "./promises";
import { currentRun, latestRun } from "./run";
import { installStackFormat } from "./stack";
import { openTurns, replaceStdio } from "./stdio";

/** How long listeners of SIGTERM may tidy up when the kernel ends. */
const FAREWELL = 4_000;

const folder = process.cwd();
const turns = openTurns(Buffer.from(process.argv[2] ?? "", "hex"));
replaceStdio(turns);
installStackFormat();
hidePromiseMarks();

const { display } = new Displays(turns);
const cells = new Cells(folder, new CellModules(folder), turns);

const magics = new Magics();
Object.defineProperty(globalThis, Symbol.for(RUN_MAGIC), { value: magics.run.bind(magics) });

// What a library may know of the cell it runs in, without knowing of any kernel.
Object.defineProperty(globalThis, Symbol.for("Jupyter.cell"), {
  value: Object.freeze({
    display,
    /** Aborted when the calling cell is interrupted. */
    get signal() {
      return currentRun()?.signal;
    },
    /** Defines cells that begin with `%%name`. */
    magic: magics.define.bind(magics),
  }),
});
Object.defineProperty(globalThis, "display", { value: display, writable: true, configurable: true });

/**
 * An error that nothing awaits ends its cell while that runs, as it would end a program; afterwards it
 * can only be told, below its own cell.
 */
function stray(error: unknown): void {
  const run = currentRun();
  if (run?.interrupted && isInterruption(error)) return;
  if (run?.running) {
    run.breakWith(error);
    return;
  }
  const text = describeFailure(error).traceback.join("\n");
  turns.text("stderr", run?.id ?? 0, Buffer.from(`Uncaught, after the cell had ended:\n${text}\n`));
}
process.on("uncaughtException", stray);
process.on("unhandledRejection", stray);
process.on("SIGINT", () => {});

/** The end, as a terminal would bring it: SIGTERM for who listens, then `exit`. */
let ending = false;
function end(): void {
  if (ending) return;
  ending = true;
  latestRun()?.interrupt(0);
  if (process.listenerCount("SIGTERM") === 0) process.exit(0);
  setTimeout(() => process.exit(0), FAREWELL);
  process.emit("SIGTERM", "SIGTERM");
}

const watch = new Worker(path.join(__dirname, "watch.js"), {
  workerData: { flag, fd: WATCH_FD },
  execArgv: [],
});
watch.unref();

const frames = new FrameReader();
const commands = new Socket({ fd: COMMANDS_FD, readable: true, writable: false });
commands.on("data", (chunk) => {
  for (const frame of frames.push(chunk)) {
    const command = readCommand(frame);
    if (command?.kind === "run") setImmediate(() => void cells.run(command));
    else if (command?.kind === "interrupt") cells.interrupt(command.cell);
    else if (command?.kind === "end") end();
  }
});
commands.on("error", end);
commands.on("close", end);

turns.frame(0, { kind: "ready" });
