import type { TraceEvent } from "./event";
import { readNftLine } from "./nft";
import { readXtablesLine } from "./xtables";

/**
 * Takes the output of `xtables-monitor --trace` or `nft monitor trace` as it comes, in pieces of any size, and calls
 * back with each event. Lines that are neither are kept in `unread`: a program's own complaints, or a line cut short.
 */
export class TraceReader {
  readonly #onEvent: (event: TraceEvent) => void;
  readonly unread: string[] = [];
  #rest = "";

  constructor(onEvent: (event: TraceEvent) => void) {
    this.#onEvent = onEvent;
  }

  push(chunk: string): void {
    const lines = (this.#rest + chunk).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
  }

  /** Reads what is left when the program has ended without a last newline. */
  end(): void {
    if (this.#rest !== "") this.#line(this.#rest);
    this.#rest = "";
  }

  #line(raw: string): void {
    const line = raw.replace(/\r$/, "");
    if (line.trim() === "") return;
    const event = readNftLine(line) ?? readXtablesLine(line);
    if (event) this.#onEvent(event);
    else this.unread.push(line);
  }
}

/**
 * Reads a whole output of `xtables-monitor --trace` or `nft monitor trace`.
 *
 * @returns the events in order, and the lines that are not events.
 */
export function parseTrace(text: string): {
  readonly events: readonly TraceEvent[];
  readonly unread: readonly string[];
} {
  const events: TraceEvent[] = [];
  const reader = new TraceReader((event) => events.push(event));
  reader.push(text);
  reader.end();
  return { events, unread: reader.unread };
}
