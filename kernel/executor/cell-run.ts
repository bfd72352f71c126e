import { AsyncLocalStorage } from "node:async_hooks";
import { Interrupted } from "./interrupted";

/** One run of a cell. Timers and streams that it started can still find it after it has ended. */
export class CellRun {
  readonly id: number;
  readonly name: string;
  /** The variables that received a value. */
  readonly defined = new Set<string>();
  /** The ids of the outputs that this run has shown. Running a cell again removes the outputs of the previous run. */
  readonly shown = new Set<string>();
  /** Resolves when all pending displays are sent, in the order of their calls; undefined when none is pending. */
  displays: Promise<void> | undefined;
  /** Rejects when the cell must end early: because of an interrupt, or of an error that nothing awaits. */
  readonly forcedEnd: Promise<never>;
  readonly #controller = new AbortController();
  #reject: (error: unknown) => void = () => {};
  #ended = false;

  constructor(id: number, name: string) {
    this.id = id;
    this.name = name;
    this.forcedEnd = new Promise<never>((_, reject) => {
      this.#reject = reject;
    });
    this.forcedEnd.catch(() => {});
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get running(): boolean {
    return !this.#ended;
  }

  get interrupted(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Aborts the cell's signal, and ends the cell if it does not end by itself within `graceMs`. */
  interrupt(graceMs: number): void {
    if (this.interrupted || this.#ended) return;
    this.#controller.abort(new Interrupted());
    setTimeout(() => this.#reject(new Interrupted()), graceMs);
  }

  /** Ends the cell with an error that no code of the cell can catch. */
  failWith(error: unknown): void {
    this.#reject(error);
  }

  end(): void {
    this.#ended = true;
  }
}

const context = new AsyncLocalStorage<CellRun>();
let latest: CellRun | undefined;

/** Runs a function as part of a cell. Everything that it starts also belongs to the cell. */
export function inCell<T>(run: CellRun, body: () => T): T {
  latest = run;
  return context.run(run, body);
}

/** The cell that the calling code belongs to. If that is unknown, the latest cell. */
export function currentRun(): CellRun | undefined {
  return context.getStore() ?? latest;
}

/** The cell that was started last. */
export function latestRun(): CellRun | undefined {
  return latest;
}
