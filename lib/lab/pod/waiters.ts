/** Promises that wait for the same change. */
export class Waiters {
  readonly #waiting: ((woken: boolean) => void)[] = [];

  /** Resolves to true at the next {@link wake}, or to false after `timeoutMs`. */
  wait(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#waiting.push((woken) => {
        clearTimeout(timer);
        resolve(woken);
      });
    });
  }

  /** Resolves all promises. */
  wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve(true);
  }
}
