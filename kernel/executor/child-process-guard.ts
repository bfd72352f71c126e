import childProcess from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import { throwIfInterrupted } from "./interruption-points";

/**
 * Makes the functions that wait synchronously for a child process throw when their cell was interrupted
 * meanwhile. The interrupt ends the child process, but `spawnSync` would then return normally.
 */
export function guardSynchronousChildren(): void {
  childProcess.spawnSync = interruptible(childProcess.spawnSync);
  childProcess.execSync = interruptible(childProcess.execSync);
  childProcess.execFileSync = interruptible(childProcess.execFileSync);
  syncBuiltinESMExports();
}

function interruptible<T extends (...values: never[]) => unknown>(wait: T): T {
  return new Proxy(wait, {
    apply(target, self, values) {
      try {
        return Reflect.apply(target, self, values);
      } finally {
        throwIfInterrupted();
      }
    },
  });
}
