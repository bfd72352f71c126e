/** The flag's value that stops the loops of all cells, used when the server has ended. */
export const ALL_CELLS = 0xffff_ffff;

/** How long an interrupted cell may take to end by itself (its signal is aborted) before it is ended. */
export const INTERRUPT_GRACE_MS = 250;

/** How long loops that a cell left running are stopped after its end. */
const RELEASE_AFTER_MS = 2_000;

const CELL = 0;
const SINCE = 1;

/**
 * The cell whose loops are to stop, or 0, and when it was interrupted. The executor's main thread and its
 * watchdog thread share it, so that an interrupt works while the main thread is busy. Checking it in every loop
 * iteration must be cheap, so it is reset some time after the cell has ended.
 */
export class InterruptFlag {
  /** Pass it to another thread to create an `InterruptFlag` with the same content there. */
  readonly memory: SharedArrayBuffer;
  readonly #values: Uint32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.memory = memory;
    this.#values = new Uint32Array(memory);
  }

  get cell(): number {
    return Atomics.load(this.#values, CELL);
  }

  /** Whether the cell had the time to end by itself. */
  get graceIsOver(): boolean {
    return (nowMs() - Atomics.load(this.#values, SINCE)) >>> 0 > INTERRUPT_GRACE_MS;
  }

  /** Stops the loops of a cell, or of {@link ALL_CELLS}. */
  set(cell: number): void {
    if (this.cell !== cell) Atomics.store(this.#values, SINCE, nowMs());
    Atomics.store(this.#values, CELL, cell);
  }

  /** Resets the flag some time after a cell has ended. */
  release(cell: number): void {
    setTimeout(() => Atomics.compareExchange(this.#values, CELL, cell, 0), RELEASE_AFTER_MS).unref();
  }
}

/** The time in milliseconds, modulo 2^32. The threads of a process have the same clock. */
function nowMs(): number {
  return Date.now() >>> 0;
}

/** The flag of this executor. */
export const flag = new InterruptFlag();
