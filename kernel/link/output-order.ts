import { FrameReader } from "./frame";
import { isRecord } from "./is-record";

/**
 * Keeps the output of a cell in order although it arrives at the server through three pipes.
 *
 * A cell's text goes straight to the executor's file descriptors 1 and 2. The cell and its child
 * processes therefore share one pipe and cannot overtake each other, and a cell that prints without
 * end is slowed down by the full pipe instead of filling the memory. Displays and results go as frames
 * through a third pipe.
 *
 * To merge the three pipes, the executor divides its output into numbered segments: it writes a marker
 * into a text pipe where a segment begins and where it ends, and each frame is a segment of its own.
 * The server starts a segment only after the previous one has ended. The text of child processes lies
 * between the markers. It is passed on at once, except that text after a frame waits for that frame.
 */
export type Stream = "stdout" | "stderr";

/** Length of the random prefix of every marker. Both processes know it; no program prints it by chance. */
export const NONCE_LENGTH = 16;
const MARKER_LENGTH = NONCE_LENGTH + 9;
const BEGIN = 1;
const END = 2;
const WAIT = 3;

function marker(nonce: Uint8Array, kind: number, segment: number, cell: number): Buffer {
  const bytes = Buffer.alloc(MARKER_LENGTH);
  bytes.set(nonce);
  bytes.writeUInt8(kind, NONCE_LENGTH);
  bytes.writeUInt32BE(segment, NONCE_LENGTH + 1);
  bytes.writeUInt32BE(cell, NONCE_LENGTH + 5);
  return bytes;
}

/** A piece of a text pipe: plain text, or a marker. `wait` waits for the end of a segment in another pipe. */
type TextItem =
  | { readonly kind: "text"; readonly bytes: Buffer }
  | { readonly kind: "begin"; readonly segment: number; readonly cell: number }
  | { readonly kind: "end"; readonly segment: number }
  | { readonly kind: "wait"; readonly segment: number };

function readMarker(bytes: Buffer): TextItem {
  const segment = bytes.readUInt32BE(NONCE_LENGTH + 1);
  switch (bytes[NONCE_LENGTH]) {
    case BEGIN:
      return { kind: "begin", segment, cell: bytes.readUInt32BE(NONCE_LENGTH + 5) };
    case END:
      return { kind: "end", segment };
    default:
      return { kind: "wait", segment };
  }
}

/** Separates the markers in one pipe's bytes from the text. */
class MarkerReader {
  readonly #nonce: Uint8Array;
  #rest: Buffer = Buffer.alloc(0);

  constructor(nonce: Uint8Array) {
    this.#nonce = nonce;
  }

  push(chunk: Uint8Array): TextItem[] {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : Buffer.from(chunk);
    const items: TextItem[] = [];
    for (;;) {
      const at = bytes.indexOf(this.#nonce);
      if (at < 0 || at + MARKER_LENGTH > bytes.length) {
        const keep = at >= 0 ? at : bytes.length - this.#possiblePrefix(bytes);
        if (keep > 0) items.push({ kind: "text", bytes: bytes.subarray(0, keep) });
        this.#rest = bytes.subarray(keep);
        return items;
      }
      if (at > 0) items.push({ kind: "text", bytes: bytes.subarray(0, at) });
      items.push(readMarker(bytes.subarray(at, at + MARKER_LENGTH)));
      bytes = bytes.subarray(at + MARKER_LENGTH);
    }
  }

  /** Returns the bytes that were held back as the possible start of a marker. At the end of the pipe they are text. */
  end(): TextItem[] {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return rest.length > 0 ? [{ kind: "text", bytes: rest }] : [];
  }

  #possiblePrefix(bytes: Buffer): number {
    for (let length = Math.min(NONCE_LENGTH - 1, bytes.length); length > 0; length--) {
      if (bytes.subarray(bytes.length - length).equals(this.#nonce.subarray(0, length))) return length;
    }
    return 0;
  }
}

/** The executor's pipes. Each call writes all of its bytes before it returns. */
export interface OutputPipes {
  text(stream: Stream, bytes: Uint8Array): void;
  frame(value: unknown): void;
}

/** The executor's side: writes text and frames, and the markers between them. */
export class OrderedWriter {
  readonly #nonce: Uint8Array;
  readonly #pipes: OutputPipes;
  #segment = 0;
  #open: { readonly stream: Stream; readonly cell: number; readonly segment: number } | undefined;

  constructor(nonce: Uint8Array, pipes: OutputPipes) {
    this.#nonce = nonce;
    this.#pipes = pipes;
  }

  text(stream: Stream, cell: number, bytes: Uint8Array): void {
    if (this.#open?.stream !== stream || this.#open.cell !== cell) {
      this.#endSegment();
      this.#emptySegment(stream === "stdout" ? "stderr" : "stdout", cell);
      const segment = this.#segment++;
      this.#open = { stream, cell, segment };
      this.#pipes.text(stream, marker(this.#nonce, BEGIN, segment, cell));
    }
    this.#pipes.text(stream, bytes);
  }

  /**
   * Sends a frame after all text written so far, including the text of child processes that have
   * ended, and before all text that is written later.
   */
  frame(cell: number, value: Readonly<Record<string, unknown>>): void {
    this.#endSegment();
    const segment = this.#segment + 2;
    const wait = marker(this.#nonce, WAIT, segment, cell);
    this.#emptySegment("stdout", cell, wait);
    this.#emptySegment("stderr", cell, wait);
    this.#segment++;
    this.#pipes.frame({ ...value, cell, segment });
  }

  /** Assigns the text that child processes write from now on to this cell. */
  assignChildOutput(cell: number): void {
    this.#endSegment();
    this.#emptySegment("stdout", cell);
    this.#emptySegment("stderr", cell);
  }

  #endSegment(): void {
    const open = this.#open;
    if (!open) return;
    this.#open = undefined;
    this.#pipes.text(open.stream, marker(this.#nonce, END, open.segment, open.cell));
  }

  #emptySegment(stream: Stream, cell: number, after: Buffer = Buffer.alloc(0)): void {
    const segment = this.#segment++;
    const begin = marker(this.#nonce, BEGIN, segment, cell);
    const end = marker(this.#nonce, END, segment, cell);
    this.#pipes.text(stream, Buffer.concat([begin, end, after]));
  }
}

/** Receives the merged output, in the order in which the cell wrote it. */
export interface OutputSink {
  text(stream: Stream, cell: number, bytes: Buffer): void;
  frame(value: Readonly<Record<string, unknown>>): void;
}

class TextPipe {
  readonly markers: MarkerReader;
  readonly waiting: TextItem[] = [];
  cell = 0;

  constructor(nonce: Uint8Array) {
    this.markers = new MarkerReader(nonce);
  }
}

/** The server's side: merges the three pipes into one order. */
export class OrderedReader {
  readonly #sink: OutputSink;
  readonly #frames = new FrameReader();
  readonly #waitingFrames: Readonly<Record<string, unknown>>[] = [];
  readonly #pipes: Readonly<Record<Stream, TextPipe>>;
  /** The segment that may start next. */
  #segment = 0;
  #ended = false;

  constructor(nonce: Uint8Array, sink: OutputSink) {
    this.#sink = sink;
    this.#pipes = { stdout: new TextPipe(nonce), stderr: new TextPipe(nonce) };
  }

  pushText(stream: Stream, chunk: Uint8Array): void {
    const pipe = this.#pipes[stream];
    pipe.waiting.push(...pipe.markers.push(chunk));
    this.#advance();
  }

  /** @throws RangeError when the bytes are not frames. */
  pushFrames(chunk: Uint8Array): void {
    for (const frame of this.#frames.push(chunk)) if (isRecord(frame)) this.#waitingFrames.push(frame);
    this.#advance();
  }

  /** All three pipes are closed: passes on what was held back, and no longer waits for missing frames. */
  end(): void {
    this.#ended = true;
    for (const stream of ["stdout", "stderr"] as const) {
      const pipe = this.#pipes[stream];
      pipe.waiting.push(...pipe.markers.end());
    }
    this.#advance();
  }

  #advance(): void {
    while (this.#advanceText("stdout") || this.#advanceText("stderr") || this.#advanceFrames()) {}
  }

  #advanceText(stream: Stream): boolean {
    const pipe = this.#pipes[stream];
    const item = pipe.waiting[0];
    if (!item) return false;
    switch (item.kind) {
      case "text":
        this.#sink.text(stream, pipe.cell, item.bytes);
        break;
      case "begin":
        if (item.segment > this.#segment) return false;
        pipe.cell = item.cell;
        break;
      case "end":
        this.#segment = item.segment + 1;
        break;
      case "wait":
        if (item.segment >= this.#segment && !this.#ended) return false;
        break;
    }
    pipe.waiting.shift();
    return true;
  }

  #advanceFrames(): boolean {
    const frame = this.#waitingFrames[0];
    if (!frame) return false;
    const { segment } = frame;
    if (typeof segment === "number") {
      if (segment > this.#segment) return false;
      this.#segment = segment + 1;
    }
    this.#waitingFrames.shift();
    this.#sink.frame(frame);
    return true;
  }
}
