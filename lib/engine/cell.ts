/** What a notebook's kernel tells a library of the cell it runs in. */
export interface Cell {
  /** Aborted when the reader interrupts the cell. */
  readonly signal: AbortSignal | undefined;
  /** Shows a value before the cell's end; with `update` in place of the one of the same id. */
  readonly display: (value: unknown, options: { id: string; update?: boolean }) => unknown;
  /** Defines cells that begin with `%%name`: what they do with the rest of that line and the lines below it. */
  readonly magic: (name: string, run: (argument: string, body: string) => unknown) => unknown;
}

/** The calling cell, from what the kernel keeps under `Symbol.for("Jupyter.cell")`; undefined outside of a kernel. */
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

/** Aborted when the calling cell is interrupted; undefined outside of a notebook. */
export function interruptSignal(): AbortSignal | undefined {
  return currentCell()?.signal;
}

/** True in a notebook: output goes to the reader as it comes. */
export function inNotebook(): boolean {
  return currentCell() !== undefined;
}
