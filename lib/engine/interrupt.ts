const symbol = Symbol.for("Jupyter.interrupt");

/**
 * The signal that a notebook's kernel aborts when the reader interrupts the cell: what it keeps under
 * `Symbol.for("Jupyter.interrupt")`, or undefined outside of such a kernel.
 */
export function interruptSignal(): AbortSignal | undefined {
  const value: unknown = Reflect.get(globalThis, symbol);
  const signal: unknown = typeof value === "function" ? value() : value;
  return signal instanceof AbortSignal ? signal : undefined;
}

/** True in a notebook's cell: output goes to the reader as it comes. */
export function inNotebook(): boolean {
  return symbol in globalThis;
}
