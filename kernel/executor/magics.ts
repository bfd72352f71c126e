/** Runs a cell `%%NAME argument` with the lines below it; what it resolves with is the cell's value. */
export type RunMagic = (argument: string, body: string) => unknown;

/** A cell began with `%%NAME`, and nobody has defined that name. */
export class UnknownMagic extends Error {
  override readonly name = "UnknownMagic";
}

/** The cell magics that the libraries of this executor have defined. */
export class Magics {
  private readonly known = new Map<string, RunMagic>();

  /** Defines `%%name`, or defines it anew. */
  define(name: string, run: RunMagic): void {
    this.known.set(name, run);
  }

  /** @throws UnknownMagic, and what its definition throws. */
  run(name: string, argument: string, body: string): unknown {
    const run = this.known.get(name);
    if (run) return run(argument, body);
    const names = [...this.known.keys()].map((each) => `%%${each}`);
    throw new UnknownMagic(
      `no library has defined %%${name} here. ${names.length > 0 ? `There are: ${names.join(", ")}.` : "Run the cell first that imports or opens what defines it."}`,
    );
  }
}
