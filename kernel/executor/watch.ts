import { Session } from "node:inspector";
import { Socket } from "node:net";
import { workerData } from "node:worker_threads";
import { STOP_LOOPS, TERMINATE, WATCH_MESSAGE } from "../link/watch-pipe";
import { ALL_CELLS } from "./flag";

/**
 * The thread that can still act when a cell keeps the executor's main thread to itself: it hears of
 * interrupts, and of the server's death (the pipe closes).
 */
const { flag, fd }: { flag: Uint32Array; fd: number } = workerData;

let session: Session | undefined;

/** Ends the JavaScript that runs now, without its `finally`. Node before 24 does not survive that (async hooks). */
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

function serverIsGone(): void {
  Atomics.store(flag, 0, ALL_CELLS);
  setTimeout(() => process.kill(process.pid, "SIGINT"), 200);
  setTimeout(terminate, 400);
  setTimeout(() => process.kill(process.pid, "SIGKILL"), 6_000);
}

let rest = Buffer.alloc(0);
const pipe = new Socket({ fd, readable: true, writable: false });
pipe.on("data", (chunk) => {
  rest = Buffer.concat([rest, chunk]);
  while (rest.length >= WATCH_MESSAGE) {
    const kind = rest.readUInt8(0);
    const cell = rest.readUInt32BE(1);
    rest = rest.subarray(WATCH_MESSAGE);
    if (kind === STOP_LOOPS) Atomics.store(flag, 0, cell);
    if (kind === TERMINATE) terminate();
  }
});
pipe.on("error", () => {});
pipe.on("close", serverIsGone);
