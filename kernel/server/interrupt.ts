import type { Executor } from "./executor";

/** What an interrupt needs to know about the running cell. */
export interface InterruptedCell {
  readonly id: number;
  /** When it started (`performance.now()`). */
  readonly startedMs: number;
  /** Resolves when it has ended. */
  readonly ended: Promise<unknown>;
}

/** The time from the interrupt to each further step. The cell has to end within a second. */
const SIGNAL_AFTER_MS = 320;
const KILL_CHILDREN_AFTER_MS = 450;
const TERMINATE_AFTER_MS = 600;
const KILL_AFTER_MS = 750;

/** On a machine that is so busy that the executor cannot run, all steps may be this many times later. */
const MAX_SLOWDOWN = 5;
/** An executor has had a chance to react when it has used this share of the time, or sleeps. */
const MIN_CPU_SHARE = 0.25;
const CHECK_INTERVAL_MS = 25;

/** Child processes that started this long before the cell also belong to it. The clock of /proc is coarse. */
const AGE_TOLERANCE_MS = 100;

/**
 * Ends a running cell. Each step is more drastic than the one before, and is only taken if the cell still runs:
 *
 * 1. The cell's loops throw, its AbortSignal fires, its awaits reject, and its child processes get SIGINT.
 * 2. SIGINT ends synchronous code without a loop of the cell's own.
 * 3. Its child processes are killed.
 * 4. V8 terminates the JavaScript that runs.
 * 5. The executor is killed.
 *
 * @returns false when the executor was killed.
 */
export async function interruptCell(executor: Executor, cell: InterruptedCell): Promise<boolean> {
  let ended = false;
  void cell.ended.then(() => {
    ended = true;
  });
  const ageMs = () => performance.now() - cell.startedMs + AGE_TOLERANCE_MS;
  const requestedMs = performance.now();
  const cpuBeforeMs = executor.activity()?.cpuMs ?? 0;

  const isDue = (afterMs: number): boolean => {
    const elapsedMs = performance.now() - requestedMs;
    if (elapsedMs < afterMs) return false;
    const activity = executor.activity();
    if (!activity || activity.sleeping || elapsedMs >= MAX_SLOWDOWN * afterMs) return true;
    return activity.cpuMs - cpuBeforeMs >= MIN_CPU_SHARE * afterMs;
  };
  const waitUntilDue = async (afterMs: number): Promise<void> => {
    while (!ended && !isDue(afterMs)) {
      const leftMs = requestedMs + afterMs - performance.now();
      let timer: NodeJS.Timeout | undefined;
      const time = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, Math.max(CHECK_INTERVAL_MS, leftMs));
      });
      await Promise.race([time, cell.ended]).finally(() => clearTimeout(timer));
      // This process may be slow as well: read what the executor has reported before the next step.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  executor.stopLoops(cell.id);
  executor.interruptChildren(ageMs());
  executor.send({ kind: "interrupt", cell: cell.id });
  const steps: readonly [number, () => void][] = [
    [SIGNAL_AFTER_MS, () => executor.signal("SIGINT")],
    [KILL_CHILDREN_AFTER_MS, () => executor.killChildren(ageMs())],
    [TERMINATE_AFTER_MS, () => executor.terminate(cell.id)],
  ];
  for (const [afterMs, step] of steps) {
    await waitUntilDue(afterMs);
    if (ended) return true;
    step();
  }
  await waitUntilDue(KILL_AFTER_MS);
  if (ended) return true;
  executor.signal("SIGKILL");
  return false;
}
