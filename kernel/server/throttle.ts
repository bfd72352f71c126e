/** What may come at once, in bytes, and how much a second after that. */
const BURST = 128 * 2 ** 20;
const RATE = 8 * 2 ** 20;

/**
 * Slows down a cell that prints without end (the pipe fills, the cell waits), before who reads it runs
 * out of memory: a front end takes a megabyte a second at most.
 */
export class Throttle {
  private available = BURST;
  private last: number;

  /** @param now - a clock in milliseconds. */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.last = now();
  }

  /** Takes bytes that were read; returns how many milliseconds to wait before the next. */
  take(bytes: number): number {
    const now = this.now();
    this.available = Math.min(BURST, this.available + ((now - this.last) * RATE) / 1000) - bytes;
    this.last = now;
    return this.available >= 0 ? 0 : Math.ceil((-this.available / RATE) * 1000);
  }
}
