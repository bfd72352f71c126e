import { closeSync, constants, openSync } from "node:fs";
import { Session } from "node:inspector";
import { Socket } from "node:net";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { isRunning, jupyterParent, PARENT_CHECK_INTERVAL_MS } from "../link/jupyter-parent";
import { childrenOf, killOwnChildren, signal } from "../link/process-tree";
import {
  INPUT,
  INTERRUPT_CHILDREN,
  KILL_CHILDREN,
  STOP_LOOPS,
  TERMINATE,
  WATCHDOG_MESSAGE_BYTES,
} from "../link/watchdog-pipe";
import { ALL_CELLS, InterruptFlag } from "./interrupt-flag";

/**
 * The watchdog thread works while a cell keeps the executor's main thread busy. It receives interrupts,
 * and it notices when the server has ended, because the pipe is closed.
 */
interface WatchdogData {
  readonly memory: SharedArrayBuffer;
  readonly fd: number;
  readonly inputPort: MessagePort;
  readonly inputMemory: SharedArrayBuffer;
}

const { memory, fd, inputPort, inputMemory }: WatchdogData = workerData;
const inputCount = new Int32Array(inputMemory);
const flag = new InterruptFlag(memory);

let session: Session | undefined;

/**
 * Terminates the JavaScript that runs now. Its `finally` blocks do not run. Node before 24 aborts when a
 * termination unwinds through its async hooks, so nothing is done there.
 */
function terminate(): void {
  if (Number.parseInt(process.versions.node, 10) < 24) return;
  session ??= new Session();
  const debuggee = session;
  debuggee.connectToMainThread();
  debuggee.post("Runtime.terminateExecution", () => {
    debuggee.disconnect();
    session = undefined;
  });
}

/** When the server has ended: how long the executor may take to run its exit hooks. */
const KILL_AFTER_MS = 6_000;

function onServerExit(): void {
  flag.set(ALL_CELLS);
  unblockFifo();
  setTimeout(() => process.kill(process.pid, "SIGINT"), 200);
  setTimeout(terminate, 400);
  setTimeout(() => {
    killOwnChildren();
    process.kill(process.pid, "SIGKILL");
  }, KILL_AFTER_MS);
}

/** The FIFO that the main thread may be waiting for. */
let awaitedFifo: string | undefined;
/** The FIFO's file descriptor, while both of its ends are held open. */
let heldFifo: number | undefined;

parentPort?.on("message", ({ fifo }: { fifo: string | undefined }) => {
  awaitedFifo = fifo;
  if (fifo === undefined) releaseFifo();
});

/** How long a FIFO is held open at most. */
const HOLD_FIFO_MS = 100;

/**
 * Ends a wait of the main thread for the other end of a FIFO. See fifo(7): opening both ends never waits. It stays
 * open for a while, in case the main thread has not reached its system call yet.
 */
function unblockFifo(): void {
  if (awaitedFifo === undefined || heldFifo !== undefined) return;
  try {
    heldFifo = openSync(awaitedFifo, constants.O_RDWR | constants.O_NONBLOCK);
    setTimeout(releaseFifo, HOLD_FIFO_MS);
  } catch {
    // the FIFO was removed
  }
}

function releaseFifo(): void {
  if (heldFifo !== undefined) closeSync(heldFifo);
  heldFifo = undefined;
}

/** Messages are handled in order, so the flag is set before a child process ends and the cell continues. */
function onMessage(kind: number, value: number): void {
  switch (kind) {
    case STOP_LOOPS:
      flag.set(value);
      unblockFifo();
      break;
    case TERMINATE:
      terminate();
      break;
    case INTERRUPT_CHILDREN:
      signal(childrenOf(process.pid, value / 1000), "SIGINT");
      break;
    case KILL_CHILDREN:
      signal(childrenOf(process.pid, value / 1000), "SIGKILL");
      break;
  }
}

/** Passes a line of input to the main thread, which may be blocked until it arrives. */
function onInput(text: string): void {
  inputPort.postMessage({ text });
  Atomics.add(inputCount, 0, 1);
  Atomics.notify(inputCount, 0);
}

/** How long the server may take to end when Jupyter has ended. */
const SERVER_GRACE_MS = 6_000;

const jupyter = jupyterParent();
const server = process.ppid;
if (jupyter !== undefined) {
  const check = setInterval(() => {
    if (isRunning(jupyter)) return;
    clearInterval(check);
    // The end of the server closes the pipe, which ends this process, too.
    setTimeout(() => signal([server], "SIGKILL"), SERVER_GRACE_MS);
  }, PARENT_CHECK_INTERVAL_MS);
}

let rest = Buffer.alloc(0);
const pipe = new Socket({ fd, readable: true, writable: false });
pipe.on("data", (chunk) => {
  rest = Buffer.concat([rest, chunk]);
  while (rest.length >= WATCHDOG_MESSAGE_BYTES) {
    const kind = rest.readUInt8(0);
    const value = rest.readUInt32BE(1);
    const end = WATCHDOG_MESSAGE_BYTES + (kind === INPUT ? value : 0);
    if (rest.length < end) return;
    const text = rest.subarray(WATCHDOG_MESSAGE_BYTES, end).toString();
    rest = rest.subarray(end);
    if (kind === INPUT) onInput(text);
    else onMessage(kind, value);
  }
});
pipe.on("error", () => {});
pipe.on("close", onServerExit);
