import type { Executor } from "./executor";

/** What an interrupt needs to know about the running cell. */
export interface RunningCell {
  readonly id: number;
  /** When it started (`performance.now()`). */
  readonly startedMs: number;
  /** Resolves when it has ended. */
  readonly ended: Promise<unknown>;
}

/** The time from the interrupt to each further step. */
const SIGNAL_AFTER_MS = 450;
const KILL_CHILDREN_AFTER_MS = 750;
const TERMINATE_AFTER_MS = 1_200;
const KILL_AFTER_MS = 2_500;

/**
 * Ends a running cell. Each step is more drastic than the one before, and is only taken if the cell still runs:
 *
 * 1. The cell's loops throw, its AbortSignal fires, the kernel stops waiting for it, and its child processes get SIGINT.
 * 2. SIGINT ends synchronous code without a loop of the cell's own.
 * 3. Its child processes are killed.
 * 4. V8 terminates the JavaScript that runs.
 * 5. The executor is killed.
 *
 * @returns false when the executor was killed.
 */
export async function interruptCell(executor: Executor, cell: RunningCell): Promise<boolean> {
  let ended = false;
  void cell.ended.then(() => {
    ended = true;
  });
  const ageSeconds = () => (performance.now() - cell.startedMs) / 1000 + 0.1;
  const requestedMs = performance.now();
  const waitUntil = (afterMs: number) => {
    const leftMs = requestedMs + afterMs - performance.now();
    let timer: NodeJS.Timeout | undefined;
    const time = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, leftMs);
    });
    return Promise.race([time, cell.ended]).finally(() => clearTimeout(timer));
  };
  executor.stopLoops(cell.id);
  executor.send({ kind: "interrupt", cell: cell.id });
  executor.signalChildren("SIGINT", ageSeconds());
  const steps: readonly [number, () => void][] = [
    [SIGNAL_AFTER_MS, () => executor.signal("SIGINT")],
    [KILL_CHILDREN_AFTER_MS, () => executor.signalChildren("SIGKILL", ageSeconds())],
    [TERMINATE_AFTER_MS, () => executor.terminate(cell.id)],
  ];
  for (const [afterMs, step] of steps) {
    await waitUntil(afterMs);
    if (ended) return true;
    step();
  }
  await waitUntil(KILL_AFTER_MS);
  if (ended) return true;
  executor.signal("SIGKILL");
  return false;
}
