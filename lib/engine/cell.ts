/** What a notebook's kernel offers to code that runs in a cell. */
export interface Cell {
  /** Aborts when the reader interrupts the cell. */
  readonly signal: AbortSignal | undefined;
  /** Shows a value while the cell runs. With `update` it replaces the value shown under the same id. */
  readonly display: (value: unknown, options: { id: string; update?: boolean }) => unknown;
  /** Defines the cell magic `%%name`. `run` gets the rest of the first line and the lines below it. */
  readonly magic: (name: string, run: (argument: string, body: string) => unknown) => unknown;
}

/** Returns the cell that is running, which the kernel stores under `Symbol.for("Jupyter.cell")`; undefined outside a kernel. */
export function currentCell(): Cell | undefined {
  const cell: unknown = Reflect.get(globalThis, Symbol.for("Jupyter.cell"));
  if (typeof cell !== "object" || cell === null) return undefined;
  const signal: unknown = Reflect.get(cell, "signal");
  const display: unknown = Reflect.get(cell, "display");
  const magic: unknown = Reflect.get(cell, "magic");
  return {
    signal: signal instanceof AbortSignal ? signal : undefined,
    display: (value, options) => (typeof display === "function" ? display(value, options) : undefined),
    magic: (name, run) => (typeof magic === "function" ? magic(name, run) : undefined),
  };
}

/** Returns a signal that aborts when the running cell is interrupted; undefined outside a notebook. */
export function interruptSignal(): AbortSignal | undefined {
  return currentCell()?.signal;
}

/** Returns true in a notebook, where output is shown as it arrives. */
export function inNotebook(): boolean {
  return currentCell() !== undefined;
}
