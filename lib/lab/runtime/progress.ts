import { type Cell, currentCell } from "../../engine";

const display = Symbol.for("Jupyter.display");

/** Milliseconds after which what is under way is told. What is faster needs no line. */
const patience = 1_000;
const pace = 250;

/** Where a live line is written: `line` again and again, `end` once. */
export interface Teller {
  line(text: string): void;
  end(text: string): void;
}

/**
 * A live line for what takes longer than a second: how many of the things that were begun together are done, and which
 * are not. When the last one is, one line stays.
 */
export class Progress {
  readonly #teller: () => Teller | undefined;
  readonly #running = new Map<symbol, string>();
  #told: Teller | undefined;
  #timer: NodeJS.Timeout | undefined;
  #since = 0;
  #done = 0;
  #last = "";

  constructor(teller: () => Teller | undefined = tellerHere) {
    this.#teller = teller;
  }

  /** Runs `action`, and tells of it as `what` while it takes long. */
  async run<T>(what: string, action: () => Promise<T>): Promise<T> {
    const key = Symbol(what);
    if (this.#running.size === 0) this.#begin();
    this.#running.set(key, what);
    try {
      const result = await action();
      this.#done += 1;
      this.#last = what;
      return result;
    } finally {
      this.#running.delete(key);
      if (this.#running.size === 0) this.#end();
    }
  }

  #begin(): void {
    this.#since = performance.now();
    this.#done = 0;
    this.#told = undefined;
    // Made here, so that it belongs to the cell that began.
    const teller = this.#teller();
    if (!teller) return;
    const tell = (): void => {
      this.#told = teller;
      teller.line(this.#text());
      this.#timer = setTimeout(tell, pace).unref();
    };
    this.#timer = setTimeout(tell, patience).unref();
  }

  #text(): string {
    const names = [...this.#running.values()];
    const total = this.#done + names.length;
    const some = names.length > 3 ? `${names.slice(0, 3).join(", ")}, …` : names.join(", ");
    const bar =
      total > 1 ? `${"█".repeat(this.#done)}${"░".repeat(names.length)} ${this.#done} of ${total}  ` : "";
    return `${bar}${some} (${this.#seconds()} s)`;
  }

  #end(): void {
    clearTimeout(this.#timer);
    if (!this.#told) return;
    const what = this.#done === 1 ? this.#last : `${this.#done} things`;
    this.#told.end(
      this.#done === 0 ? `failed after ${this.#seconds()} s` : `${what}: ready in ${this.#seconds()} s`,
    );
  }

  #seconds(): string {
    return ((performance.now() - this.#since) / 1_000).toFixed(1);
  }
}

let lines = 0;

function tellerHere(): Teller | undefined {
  const cell = currentCell();
  if (cell) return inCell(cell);
  return process.stderr.isTTY === true ? inTerminal() : undefined;
}

function inCell(cell: Cell): Teller {
  lines += 1;
  const id = `wirebook-progress-${process.pid}-${lines}`;
  let first = true;
  const show = (text: string): void => {
    cell.display({ [display]: () => ({ "text/plain": text }) }, first ? { id } : { id, update: true });
    first = false;
  };
  return { line: show, end: show };
}

// \r goes to the line's begin, ESC [K clears it: ECMA-48, "erase in line".
function inTerminal(): Teller {
  return {
    line: (text) => void process.stderr.write(`\r\u001b[K${text}`),
    end: (text) => void process.stderr.write(`\r\u001b[K${text}\n`),
  };
}
