import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { throwIfInterrupted } from "./interruption-points";

/**
 * Makes functions of `fs` that wait for the other end of a FIFO interruptible. The system call does not return
 * when a signal arrives, because libuv repeats it.
 *
 * @param onWait - called with the path before the main thread may wait, so that another thread can open the FIFO;
 * called with undefined when the wait is over.
 */
export function guardFifos(onWait: (path: string | undefined) => void): void {
  fs.openSync = interruptible(fs.openSync, onWait);
  fs.readFileSync = interruptible(fs.readFileSync, onWait);
  fs.writeFileSync = interruptible(fs.writeFileSync, onWait);
  fs.appendFileSync = interruptible(fs.appendFileSync, onWait);
  syncBuiltinESMExports();
}

function interruptible<T extends (...values: never[]) => unknown>(
  operation: T,
  onWait: (path: string | undefined) => void,
): T {
  return new Proxy(operation, {
    apply(target, self, values) {
      const path: unknown = values[0];
      if (!isFifo(path)) return Reflect.apply(target, self, values);
      onWait(path);
      try {
        return Reflect.apply(target, self, values);
      } finally {
        onWait(undefined);
        throwIfInterrupted();
      }
    },
  });
}

function isFifo(path: unknown): path is string {
  return typeof path === "string" && fs.statSync(path, { throwIfNoEntry: false })?.isFIFO() === true;
}
