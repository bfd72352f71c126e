import type { Executor } from "./executor";

/** A running cell, as an interrupt needs it. */
export interface RunningCell {
  readonly id: number;
  /** When it began (`performance.now()`). */
  readonly since: number;
  /** Resolves when it is over. */
  readonly over: Promise<unknown>;
}

/** Milliseconds from the interrupt to each further step. */
const SIGNAL_AFTER = 450;
const KILL_CHILDREN_AFTER = 750;
const TERMINATE_AFTER = 1_200;
const KILL_AFTER = 2_500;

/**
 * Ends a running cell by the mildest means that works:
 * its loops throw, its AbortSignal fires, its awaits are given up and its child processes get SIGINT;
 * then SIGINT ends synchronous code that has no loop of the cell's own; then child processes are
 * killed; then V8 terminates what runs; and last the executor itself is killed.
 * @returns false when the executor had to be killed.
 */
export async function interruptCell(executor: Executor, cell: RunningCell): Promise<boolean> {
  let over = false;
  void cell.over.then(() => {
    over = true;
  });
  const age = () => (performance.now() - cell.since) / 1000 + 0.1;
  const started = performance.now();
  const until = (milliseconds: number) => {
    const left = started + milliseconds - performance.now();
    let timer: NodeJS.Timeout | undefined;
    const time = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, left);
    });
    return Promise.race([time, cell.over]).finally(() => clearTimeout(timer));
  };
  executor.stopLoops(cell.id);
  executor.send({ kind: "interrupt", cell: cell.id });
  executor.signalChildren("SIGINT", age());
  const steps: readonly [number, () => void][] = [
    [SIGNAL_AFTER, () => executor.signal("SIGINT")],
    [KILL_CHILDREN_AFTER, () => executor.signalChildren("SIGKILL", age())],
    [TERMINATE_AFTER, () => executor.terminate(cell.id)],
  ];
  for (const [after, act] of steps) {
    await until(after);
    if (over) return true;
    act();
  }
  await until(KILL_AFTER);
  if (over) return true;
  executor.signal("SIGKILL");
  return false;
}
