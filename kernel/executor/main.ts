import { Socket } from "node:net";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { RUN_MAGIC } from "../language/cell-magic";
import { FrameReader } from "../link/frame";
import { killOwnChildren } from "../link/process-tree";
import { readCommand } from "../link/protocol";
import { COMMANDS_FD, WATCHDOG_FD } from "../link/watchdog-pipe";
import type { createWidgets } from "../widgets/index";
import { CellMagics } from "./cell-magics";
import { currentRun, latestRun } from "./cell-run";
import { Cells } from "./cells";
import { guardSynchronousChildren } from "./child-process-guard";
import { Comms } from "./comms";
import { Displays } from "./display";
import { denoJupyter, displayFormats } from "./display-formats";
import { describeError } from "./error-report";
import { guardFifos } from "./fifo-guard";
import { Input } from "./input";
import { flag } from "./interrupt-flag";
import { isInterruption } from "./interrupted";
import { CellModules } from "./modules";
import { hidePromiseSymbols } from "./promise-display";
import { installStackFormat } from "./stack";
import { openOutput, replaceStdio } from "./stdio";

/** How long listeners of SIGTERM may take to clean up when the kernel ends. */
const SHUTDOWN_GRACE_MS = 4_000;

const folder = process.cwd();
const output = openOutput(Buffer.from(process.argv[2] ?? "", "hex"));
const input = new Input(output);

const watchdog = new Worker(path.join(__dirname, "watchdog.js"), {
  workerData: { memory: flag.memory, fd: WATCHDOG_FD, inputPort: input.port, inputMemory: input.memory },
  transferList: [input.port],
  execArgv: [],
});
watchdog.unref();

replaceStdio(output);
input.install();
installStackFormat();
hidePromiseSymbols();
guardSynchronousChildren();
guardFifos((path) => watchdog.postMessage({ fifo: path }));

const displays = new Displays(output);
const display = Object.assign(displays.display, {
  clear: displays.clear,
  ...displayFormats(displays.display),
});
const cells = new Cells(folder, new CellModules(folder), output, {
  jupyter: denoJupyter(output, displays.display),
});

const comms = new Comms(output);
/** Loaded when a cell first uses it. */
let widgets: ReturnType<typeof createWidgets> | undefined;
function loadWidgets(): ReturnType<typeof createWidgets> {
  const loaded: typeof import("../widgets/index") = require("../widgets/index");
  widgets ??= loaded.createWidgets(comms);
  return widgets;
}

const magics = new CellMagics();
Object.defineProperty(globalThis, Symbol.for(RUN_MAGIC), { value: magics.run.bind(magics) });

// Gives libraries access to the cell they run in, so that they need not depend on this kernel.
Object.defineProperty(globalThis, Symbol.for("Jupyter.cell"), {
  value: Object.freeze({
    display,
    /** Aborted when the calling cell is interrupted. */
    get signal() {
      return currentRun()?.signal;
    },
    /** Defines cells that start with `%%name`. */
    magic: magics.define.bind(magics),
    /** Connections to front ends: `open(target, …)` and `register(target, onOpen)`. */
    comms: Object.freeze({ open: comms.open, register: comms.register }),
    get widgets() {
      return loadWidgets();
    },
  }),
});
Object.defineProperty(globalThis, "widgets", { get: loadWidgets, configurable: true });
Object.defineProperty(globalThis, "display", { value: display, writable: true, configurable: true });

/**
 * Handles an error that nothing awaits. While its cell runs, it ends the cell, as it would end a program.
 * Afterwards it is reported to the server.
 */
function onUncaughtError(error: unknown): void {
  const run = currentRun();
  if ((run?.interrupted || run?.stopReason) && isInterruption(error)) return;
  if (run?.running) {
    run.failWith(error);
    return;
  }
  output.frame(run?.id ?? 0, { kind: "late-error", text: describeError(error).traceback.join("\n") });
}
process.on("uncaughtException", onUncaughtError);
process.on("unhandledRejection", onUncaughtError);
process.on("SIGINT", () => {});

// Node calls this after the listeners of "exit". When the server has been killed, nothing else ends the children.
const exitProcess: unknown = Reflect.get(process, "reallyExit");
if (typeof exitProcess === "function") {
  Reflect.set(process, "reallyExit", (...values: unknown[]) => {
    killOwnChildren();
    return Reflect.apply(exitProcess, process, values);
  });
}

/** Ends the process as a terminal would: emits SIGTERM for its listeners, then exits. */
let ending = false;
function end(): void {
  if (ending) return;
  ending = true;
  latestRun()?.interrupt(0);
  if (process.listenerCount("SIGTERM") === 0) process.exit(0);
  setTimeout(() => process.exit(0), SHUTDOWN_GRACE_MS);
  process.emit("SIGTERM", "SIGTERM");
}

const frames = new FrameReader();
const commands = new Socket({ fd: COMMANDS_FD, readable: true, writable: false });
commands.on("data", (chunk) => {
  for (const frame of frames.push(chunk)) {
    const command = readCommand(frame);
    if (command?.kind === "run") cells.start(command);
    else if (command?.kind === "interrupt") cells.interrupt(command.cell);
    // A listener that throws must not keep the rest of the commands from being handled.
    else if (command?.kind === "comm") setImmediate(() => comms.receive(command.message));
    else if (command?.kind === "end") end();
  }
});
commands.on("error", end);
commands.on("close", end);

output.frame(0, { kind: "ready" });
