import { currentRun } from "./cell-run";
import { ALL_CELLS, flag } from "./interrupt-flag";
import { Interrupted } from "./interrupted";

/** Throws when the calling cell must stop. Converted loops call it at the start of every iteration. */
export function loopGuard(): void {
  const stopped = flag.cell;
  if (stopped === 0) return;
  const run = currentRun();
  if (stopped === ALL_CELLS || run?.id === stopped || run?.interrupted || run?.stopReason)
    throw new Interrupted();
}

/** Called after an operation that blocked the main thread. Throws when the calling cell was interrupted meanwhile. */
export const throwIfInterrupted = loopGuard;

/**
 * Receives every awaited value of a cell. An `await` that is pending when the cell must stop rejects, so that
 * `finally` blocks run. Every later `await` of the cell waits for ever, because an exception could be caught.
 */
export function awaitGuard(value: unknown): unknown {
  const run = currentRun();
  if (!run) return value;
  if (run.stopReason) return never();
  // In an endless chain of microtasks, this lets the main thread see the interrupt.
  if (flag.cell !== 0 && flag.cell === run.id && flag.graceIsOver) return interruptible(never(), run);
  if (!isThenable(value)) return value;
  return interruptible(value, run);
}

function never(): Promise<never> {
  return new Promise(() => {});
}

type Run = NonNullable<ReturnType<typeof currentRun>>;

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}

/**
 * Settles as the value does, unless the run is stopped before that. V8 can follow an asynchronous stack trace
 * only through `await`, and through `then` with the resolving functions of a promise, so it uses nothing else.
 */
async function interruptible(value: PromiseLike<unknown>, run: Run): Promise<unknown> {
  let removeListener = () => {};
  try {
    return await new Promise((resolve, reject) => {
      removeListener = run.onStop(reject);
      value.then(resolve, reject);
    });
  } finally {
    removeListener();
  }
}
