import { ALL_CELLS, flag } from "./flag";
import { Interrupted } from "./interrupted";
import { currentRun } from "./run";

/** Called at the beginning of each turn of each loop in a cell. Cheap until something is interrupted. */
export function guard(): void {
  const stopped = Atomics.load(flag, 0);
  if (stopped === 0) return;
  const run = currentRun();
  if (stopped === ALL_CELLS || run?.id === stopped || run?.interrupted) throw new Interrupted();
}

/** After an interrupt: what the cell left behind (a loop between two timers) may still stop for a while. */
export function releaseLoops(cell: number): void {
  setTimeout(() => Atomics.compareExchange(flag, 0, cell, 0), 2_000).unref();
}
