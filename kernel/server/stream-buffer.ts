import { StringDecoder } from "node:string_decoder";
import type { Stream } from "../link/output-order";

/** How long text may wait for more text. Jupyter's server drops output above 1,000 messages per second. */
const FLUSH_DELAY_MS = 50;
/** Text of this length is published at once. */
const FLUSH_LENGTH = 256 * 1024;

/** Publishes one piece of text. */
export type PublishText = (cell: number, stream: Stream, text: string) => void;

/** Combines small pieces of text into few messages. Keeps their order, and never combines cells or streams. */
export class StreamBuffer {
  readonly #publish: PublishText;
  readonly #decoders = { stdout: new StringDecoder("utf8"), stderr: new StringDecoder("utf8") };
  #open: { readonly cell: number; readonly stream: Stream; parts: string[]; length: number } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(publish: PublishText) {
    this.#publish = publish;
  }

  push(stream: Stream, cell: number, bytes: Buffer): void {
    this.#append(stream, cell, this.#decoders[stream].write(bytes));
  }

  /** Publishes the waiting text. Call it before every display, result, error and reply. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const open = this.#open;
    this.#open = undefined;
    if (open) this.#publish(open.cell, open.stream, open.parts.join(""));
  }

  /** The executor's pipes are closed: publishes everything, including an incomplete last character. */
  end(cell: number): void {
    for (const stream of ["stdout", "stderr"] as const)
      this.#append(stream, cell, this.#decoders[stream].end());
    this.flush();
  }

  #append(stream: Stream, cell: number, text: string): void {
    if (text === "") return;
    if (this.#open?.cell !== cell || this.#open.stream !== stream) {
      this.flush();
      this.#open = { cell, stream, parts: [], length: 0 };
    }
    this.#open.parts.push(text);
    this.#open.length += text.length;
    if (this.#open.length >= FLUSH_LENGTH) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_DELAY_MS);
  }
}
