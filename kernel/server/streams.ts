import { StringDecoder } from "node:string_decoder";
import type { Stream } from "../link/turns";

/** How long text may wait for more text to join it. Jupyter's server drops output past 1,000 messages/s. */
const DELAY = 50;
/** The most text of one message. */
const LIMIT = 256 * 1024;

/** Publishes one piece of text. */
export type PublishText = (cell: number, stream: Stream, text: string) => void;

/** Joins text that comes in small pieces into few messages, in order; never across cells or streams. */
export class Streams {
  private readonly decoders = { stdout: new StringDecoder("utf8"), stderr: new StringDecoder("utf8") };
  private open:
    | { readonly cell: number; readonly stream: Stream; parts: string[]; length: number }
    | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly publish: PublishText) {}

  push(stream: Stream, cell: number, bytes: Buffer): void {
    this.append(stream, cell, this.decoders[stream].write(bytes));
  }

  /** Publishes what waits: before every display, result, error and reply. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { open } = this;
    this.open = undefined;
    if (open) this.publish(open.cell, open.stream, open.parts.join(""));
  }

  /** The executor's pipes ended: what was left of a character is shown as what it is. */
  end(cell: number): void {
    for (const stream of ["stdout", "stderr"] as const)
      this.append(stream, cell, this.decoders[stream].end());
    this.flush();
  }

  private append(stream: Stream, cell: number, text: string): void {
    if (text === "") return;
    if (this.open?.cell !== cell || this.open.stream !== stream) {
      this.flush();
      this.open = { cell, stream, parts: [], length: 0 };
    }
    this.open.parts.push(text);
    this.open.length += text.length;
    if (this.open.length >= LIMIT) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), DELAY);
  }
}
