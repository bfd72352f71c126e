import type { TraceEvent } from "./event";
import { readNftLine } from "./nft";
import { readXtablesLine } from "./xtables";

/**
 * Parses the output of `xtables-monitor --trace` or `nft monitor trace` in chunks of any size, and calls back with each
 * event. Other lines, such as error messages, are kept in `unread`.
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

  /** Parses the last line if the program ended without a newline. */
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
 * Parses the complete output of `xtables-monitor --trace` or `nft monitor trace`.
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
