import { Session } from "node:inspector";
import { Socket } from "node:net";
import { workerData } from "node:worker_threads";
import { STOP_LOOPS, TERMINATE, WATCHDOG_MESSAGE_BYTES } from "../link/watchdog-pipe";
import { ALL_CELLS } from "./interrupt-flag";

/**
 * The watchdog thread works while a cell keeps the executor's main thread busy. It receives interrupts,
 * and it notices when the server has ended, because the pipe is closed.
 */
const { flag, fd }: { flag: Uint32Array; fd: number } = workerData;

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

function onServerExit(): void {
  Atomics.store(flag, 0, ALL_CELLS);
  setTimeout(() => process.kill(process.pid, "SIGINT"), 200);
  setTimeout(terminate, 400);
  setTimeout(() => process.kill(process.pid, "SIGKILL"), 6_000);
}

let rest = Buffer.alloc(0);
const pipe = new Socket({ fd, readable: true, writable: false });
pipe.on("data", (chunk) => {
  rest = Buffer.concat([rest, chunk]);
  while (rest.length >= WATCHDOG_MESSAGE_BYTES) {
    const kind = rest.readUInt8(0);
    const cell = rest.readUInt32BE(1);
    rest = rest.subarray(WATCHDOG_MESSAGE_BYTES);
    if (kind === STOP_LOOPS) Atomics.store(flag, 0, cell);
    if (kind === TERMINATE) terminate();
  }
});
pipe.on("error", () => {});
pipe.on("close", onServerExit);
