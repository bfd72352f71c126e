import { currentRun } from "./cell-run";
import { ALL_CELLS, flag } from "./interrupt-flag";
import { Interrupted } from "./interrupted";

/** Throws when the calling cell was interrupted. Converted loops call it at the start of every iteration. */
export function guard(): void {
  const stopped = Atomics.load(flag, 0);
  if (stopped === 0) return;
  const run = currentRun();
  if (stopped === ALL_CELLS || run?.id === stopped || run?.interrupted) throw new Interrupted();
}

/** Clears the flag some time after a cell has ended, so that loops that it left behind in timers stop as well. */
export function releaseLoops(cell: number): void {
  setTimeout(() => Atomics.compareExchange(flag, 0, cell, 0), 2_000).unref();
}
