/** Runs a cell `%%NAME argument` with the lines below it. The value it resolves with is the cell's result. */
export type RunMagic = (argument: string, body: string) => unknown;

/** A cell starts with `%%NAME`, but no library has defined that name. */
class UnknownMagic extends Error {
  override readonly name = "UnknownMagic";
}

/** The cell magics that libraries have defined in this executor. */
export class CellMagics {
  readonly #magics = new Map<string, RunMagic>();

  /** Defines `%%name`, or replaces its definition. */
  define(name: string, run: RunMagic): void {
    this.#magics.set(name, run);
  }

  /** @throws UnknownMagic when nothing defined the name, and whatever the magic itself throws. */
  run(name: string, argument: string, body: string): unknown {
    const run = this.#magics.get(name);
    if (run) return run(argument, body);
    const names = [...this.#magics.keys()].map((each) => `%%${each}`);
    throw new UnknownMagic(
      names.length > 0
        ? `%%${name} is not defined here. Defined are: ${names.join(", ")}.`
        : `%%${name} is not defined here. First run the cell that imports the library which defines it.`,
    );
  }
}
