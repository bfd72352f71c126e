import { display } from "../../display";
import { type Cell, currentCell } from "../../engine";

/** Operations that are faster than this show no progress line. */
const SHOW_AFTER_MS = 1_000;
const UPDATE_INTERVAL_MS = 250;

/** Where a progress line is shown. */
export interface ProgressOutput {
  /** Replaces the text of the line. */
  line(text: string): void;
  /** Replaces the text of the line for the last time. */
  end(text: string): void;
}

/**
 * A progress line for operations that take longer than a second. It shows how many of the operations that run in parallel
 * are finished and which ones are still running. When all are finished, it shows a summary.
 */
export class Progress {
  readonly #openOutput: () => ProgressOutput | undefined;
  readonly #running = new Map<symbol, string>();
  /** Set once the line is shown. */
  #shownOn: ProgressOutput | undefined;
  #timer: NodeJS.Timeout | undefined;
  #startedAtMs = 0;
  #done = 0;
  #last = "";

  constructor(openOutput: () => ProgressOutput | undefined = defaultOutput) {
    this.#openOutput = openOutput;
  }

  /** Runs `action`, and shows it as `what` if it takes longer than a second. */
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
    this.#startedAtMs = performance.now();
    this.#done = 0;
    this.#shownOn = undefined;
    // Open the output now, so that the line appears in the cell that started the operation.
    const output = this.#openOutput();
    if (!output) return;
    const update = (): void => {
      this.#shownOn = output;
      output.line(this.#text());
      this.#timer = setTimeout(update, UPDATE_INTERVAL_MS).unref();
    };
    this.#timer = setTimeout(update, SHOW_AFTER_MS).unref();
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
    if (!this.#shownOn) return;
    const what = this.#done === 1 ? this.#last : `${this.#done} operations`;
    this.#shownOn.end(
      this.#done === 0 ? `failed after ${this.#seconds()} s` : `${what}: ready in ${this.#seconds()} s`,
    );
  }

  #seconds(): string {
    return ((performance.now() - this.#startedAtMs) / 1_000).toFixed(1);
  }
}

let lines = 0;

function defaultOutput(): ProgressOutput | undefined {
  const cell = currentCell();
  if (cell) return inCell(cell);
  return process.stderr.isTTY === true ? inTerminal() : undefined;
}

function inCell(cell: Cell): ProgressOutput {
  lines += 1;
  const id = `wirebook-progress-${process.pid}-${lines}`;
  let first = true;
  const show = (text: string): void => {
    cell.display({ [display]: () => ({ "text/plain": text }) }, first ? { id } : { id, update: true });
    first = false;
  };
  return { line: show, end: show };
}

// \r moves to the beginning of the line, ESC [K clears it: ECMA-48, "erase in line".
function inTerminal(): ProgressOutput {
  return {
    line: (text) => void process.stderr.write(`\r\u001b[K${text}`),
    end: (text) => void process.stderr.write(`\r\u001b[K${text}\n`),
  };
}
