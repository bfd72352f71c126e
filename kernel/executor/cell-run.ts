import { AsyncLocalStorage } from "node:async_hooks";
import { flag, INTERRUPT_GRACE_MS } from "./interrupt-flag";
import { Interrupted } from "./interrupted";

/** How long the code of a stopped cell may unwind before the cell is ended. */
const UNWIND_MS = 20;

/** One run of a cell. Timers and streams that it started can still find it after it has ended. */
export class CellRun {
  readonly id: number;
  readonly name: string;
  /** Identifies the cell in the notebook. It stays the same when the cell is run again. */
  readonly key: string;
  /** Whether the front end that runs the cell can ask the user for input. */
  readonly allowsInput: boolean;
  /** The variables that received a value. */
  readonly defined = new Set<string>();
  /** Resolves when all pending displays are sent, in the order of their calls; undefined when none is pending. */
  displays: Promise<void> | undefined;
  /** Rejects when the cell must end early: because of an interrupt, or of an error that nothing awaits. */
  readonly forcedEnd: Promise<never>;
  readonly #controller = new AbortController();
  readonly #stopListeners = new Set<(reason: Error) => void>();
  #reject: (error: unknown) => void = () => {};
  #stopReason: Error | undefined;
  #ended = false;

  constructor(id: number, name: string, key: string, allowsInput: boolean) {
    this.id = id;
    this.name = name;
    this.key = key;
    this.allowsInput = allowsInput;
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

  /**
   * Set when the cell was ended while its code was still running. Code of the cell then stops at its next loop
   * iteration or `await`, and the callbacks of its timers no longer run.
   */
  get stopReason(): Error | undefined {
    return this.#stopReason;
  }

  /** Calls the listener when the cell is stopped. Returns a function that removes the listener. */
  onStop(listener: (reason: Error) => void): () => void {
    this.#stopListeners.add(listener);
    return () => this.#stopListeners.delete(listener);
  }

  /**
   * Aborts the cell's signal, and stops the cell if it does not end by itself.
   *
   * @param graceMs - how long it may take to end by itself; default: 250.
   */
  interrupt(graceMs = INTERRUPT_GRACE_MS): void {
    if (this.interrupted || this.#ended) return;
    this.#controller.abort(new Interrupted());
    setTimeout(() => {
      if (this.#ended) return;
      this.#stop();
      setTimeout(() => this.#reject(new Interrupted()), UNWIND_MS);
    }, graceMs);
  }

  /** Ends the cell with an error that no code of the cell can catch, and stops its code. */
  failWith(error: unknown): void {
    this.#reject(error);
    setImmediate(() => this.#stop());
  }

  /** The cell has ended. If an interrupt ended it, the code that it left running is stopped. */
  end(failed: boolean): void {
    this.#ended = true;
    if (failed && this.interrupted) this.#stop();
  }

  #stop(): void {
    if (this.#stopReason) return;
    this.#stopReason = new Interrupted();
    if (flag.cell === 0) flag.set(this.id);
    for (const listener of this.#stopListeners) listener(this.#stopReason);
    this.#stopListeners.clear();
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
