/** How much output is accepted at once, and how much per second after that. */
const BURST_BYTES = 128 * 2 ** 20;
const BYTES_PER_SECOND = 8 * 2 ** 20;

/**
 * Slows down a cell that prints without end: the pipe fills and the cell waits. Without this, the server would
 * run out of memory, because a front end reads at most about one megabyte per second.
 */
export class Throttle {
  readonly #nowMs: () => number;
  #availableBytes = BURST_BYTES;
  #lastMs: number;

  /** @param nowMs - a clock in milliseconds; default: `performance.now`. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
    this.#lastMs = nowMs();
  }

  /** Records that bytes were read. Returns how many milliseconds to wait before reading more. */
  take(bytes: number): number {
    const nowMs = this.#nowMs();
    const refilled = this.#availableBytes + ((nowMs - this.#lastMs) * BYTES_PER_SECOND) / 1000;
    this.#availableBytes = Math.min(BURST_BYTES, refilled) - bytes;
    this.#lastMs = nowMs;
    return this.#availableBytes >= 0 ? 0 : Math.ceil((-this.#availableBytes / BYTES_PER_SECOND) * 1000);
  }
}
