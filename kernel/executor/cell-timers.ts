import { currentRun } from "./cell-run";

type Timer = typeof setTimeout | typeof setInterval | typeof setImmediate;

/** The timer functions of cells. Their callbacks do not run once the cell that set them was stopped. */
export const CELL_TIMERS: Readonly<Record<"setTimeout" | "setInterval" | "setImmediate", Timer>> = {
  setTimeout: forCells(setTimeout),
  setInterval: forCells(setInterval),
  setImmediate: forCells(setImmediate),
};

function forCells<T extends Timer>(timer: T): T {
  return new Proxy(timer, {
    apply(target, self, [callback, ...rest]) {
      return Reflect.apply(target, self, [skippedAfterStop(callback), ...rest]);
    },
  });
}

function skippedAfterStop(callback: unknown): unknown {
  const run = currentRun();
  if (!run || typeof callback !== "function") return callback;
  return function (this: unknown, ...values: unknown[]): unknown {
    if (!run.stopReason) return Reflect.apply(callback, this, values);
    return undefined;
  };
}
