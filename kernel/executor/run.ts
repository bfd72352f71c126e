import { AsyncLocalStorage } from "node:async_hooks";
import { Interrupted } from "./interrupted";

/** One cell that runs or ran. What it started later (a timer, a stream) still knows it. */
export class CellRun {
  readonly defined = new Set<string>();
  /** The ids of the outputs that this run has shown. A cell that runs again has lost those of its last run. */
  readonly shown = new Set<string>();
  /** Displays in the order in which they were asked for; undefined when none is under way. */
  displays: Promise<void> | undefined;
  private readonly controller = new AbortController();
  private fail: (error: unknown) => void = () => {};
  private over = false;
  /** Rejects when the cell has to end from outside: by an interrupt, or by an error that nothing awaits. */
  readonly cut: Promise<never>;

  constructor(
    readonly id: number,
    readonly name: string,
  ) {
    this.cut = new Promise<never>((_, reject) => {
      this.fail = reject;
    });
    this.cut.catch(() => {});
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get running(): boolean {
    return !this.over;
  }

  get interrupted(): boolean {
    return this.controller.signal.aborted;
  }

  /** Aborts the cell's signal at once, and its wait when it has not ended by itself after `grace` ms. */
  interrupt(grace: number): void {
    if (this.interrupted || this.over) return;
    this.controller.abort(new Interrupted());
    setTimeout(() => this.fail(new Interrupted()), grace);
  }

  /** Ends the cell with an error that no part of it would catch. */
  breakWith(error: unknown): void {
    this.fail(error);
  }

  end(): void {
    this.over = true;
  }
}

const context = new AsyncLocalStorage<CellRun>();
let latest: CellRun | undefined;

/** Runs a function as part of a cell: all that it starts belongs to the cell as well. */
export function inCell<T>(run: CellRun, body: () => T): T {
  latest = run;
  return context.run(run, body);
}

/** The cell to which the calling code belongs; where that is unknown, the latest cell. */
export function currentRun(): CellRun | undefined {
  return context.getStore() ?? latest;
}

/** The cell that was started last. */
export function latestRun(): CellRun | undefined {
  return latest;
}
