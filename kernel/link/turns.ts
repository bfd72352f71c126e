import { FrameReader } from "./frame";

/**
 * How the output of a cell keeps its order although it arrives through three pipes.
 *
 * A cell's text goes straight to the executor's file descriptors 1 and 2, so that what the cell prints
 * and what its child processes print share one pipe and cannot overtake each other, and so that a cell
 * that prints without end is slowed down by the pipe instead of filling the memory. Displays and
 * results go as frames through a pipe of their own. To join the three again, the executor takes turns:
 * it says in a pipe when a turn begins and when it ends, and a frame is a turn by itself. The server
 * lets a turn begin only when the one before has ended. Text of child processes stands between the
 * marks and flows at once, except that what comes after a frame waits for the frame.
 */
export type Stream = "stdout" | "stderr";

/** Marks a turn in the text. Both processes know the nonce; no program prints it by chance. */
export const NONCE_LENGTH = 16;
const MARK_LENGTH = NONCE_LENGTH + 9;
const ENTER = 1;
const LEAVE = 2;
const WAIT = 3;

function mark(nonce: Uint8Array, kind: number, turn: number, cell: number): Buffer {
  const bytes = Buffer.alloc(MARK_LENGTH);
  bytes.set(nonce);
  bytes.writeUInt8(kind, NONCE_LENGTH);
  bytes.writeUInt32BE(turn, NONCE_LENGTH + 1);
  bytes.writeUInt32BE(cell, NONCE_LENGTH + 5);
  return bytes;
}

export type TextItem =
  | { readonly kind: "text"; readonly bytes: Buffer }
  | { readonly kind: "enter"; readonly turn: number; readonly cell: number }
  | { readonly kind: "leave"; readonly turn: number }
  | { readonly kind: "wait"; readonly turn: number };

function readMark(bytes: Buffer): TextItem {
  const turn = bytes.readUInt32BE(NONCE_LENGTH + 1);
  switch (bytes[NONCE_LENGTH]) {
    case ENTER:
      return { kind: "enter", turn, cell: bytes.readUInt32BE(NONCE_LENGTH + 5) };
    case LEAVE:
      return { kind: "leave", turn };
    default:
      return { kind: "wait", turn };
  }
}

/** Finds the marks in one pipe's bytes. */
export class MarkReader {
  private rest: Buffer = Buffer.alloc(0);

  constructor(private readonly nonce: Uint8Array) {}

  push(chunk: Uint8Array): TextItem[] {
    let bytes = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : Buffer.from(chunk);
    const items: TextItem[] = [];
    for (;;) {
      const at = bytes.indexOf(this.nonce);
      if (at < 0 || at + MARK_LENGTH > bytes.length) {
        const keep = at >= 0 ? at : bytes.length - this.possiblePrefix(bytes);
        if (keep > 0) items.push({ kind: "text", bytes: bytes.subarray(0, keep) });
        this.rest = bytes.subarray(keep);
        return items;
      }
      if (at > 0) items.push({ kind: "text", bytes: bytes.subarray(0, at) });
      items.push(readMark(bytes.subarray(at, at + MARK_LENGTH)));
      bytes = bytes.subarray(at + MARK_LENGTH);
    }
  }

  /** What was held back because a mark might have begun there; at the pipe's end it is text. */
  end(): TextItem[] {
    const { rest } = this;
    this.rest = Buffer.alloc(0);
    return rest.length > 0 ? [{ kind: "text", bytes: rest }] : [];
  }

  private possiblePrefix(bytes: Buffer): number {
    for (let length = Math.min(NONCE_LENGTH - 1, bytes.length); length > 0; length--) {
      if (bytes.subarray(bytes.length - length).equals(this.nonce.subarray(0, length))) return length;
    }
    return 0;
  }
}

/** Where a {@link TurnWriter} writes: the executor's pipes. Each call writes all its bytes. */
export interface TurnPipes {
  text(stream: Stream, bytes: Uint8Array): void;
  frame(value: unknown): void;
}

/** The executor's side: writes text and frames, and the turns between them. */
export class TurnWriter {
  private turn = 0;
  private open: { stream: Stream; cell: number; turn: number } | undefined;

  constructor(
    private readonly nonce: Uint8Array,
    private readonly pipes: TurnPipes,
  ) {}

  text(stream: Stream, cell: number, bytes: Uint8Array): void {
    if (this.open?.stream !== stream || this.open.cell !== cell) {
      this.close();
      this.pass(stream === "stdout" ? "stderr" : "stdout", cell);
      const turn = this.turn++;
      this.open = { stream, cell, turn };
      this.pipes.text(stream, mark(this.nonce, ENTER, turn, cell));
    }
    this.pipes.text(stream, bytes);
  }

  /**
   * Sends a frame after all text written so far, that of ended child processes included, and before
   * all text that is written later.
   */
  frame(cell: number, value: Readonly<Record<string, unknown>>): void {
    this.close();
    const turn = this.turn + 2;
    const wait = mark(this.nonce, WAIT, turn, cell);
    this.pass("stdout", cell, wait);
    this.pass("stderr", cell, wait);
    this.turn++;
    this.pipes.frame({ ...value, cell, turn });
  }

  /** From here on, text of child processes belongs to this cell. */
  settle(cell: number): void {
    this.close();
    this.pass("stdout", cell);
    this.pass("stderr", cell);
  }

  private close(): void {
    const { open } = this;
    if (!open) return;
    this.open = undefined;
    this.pipes.text(open.stream, mark(this.nonce, LEAVE, open.turn, open.cell));
  }

  private pass(stream: Stream, cell: number, after: Buffer = Buffer.alloc(0)): void {
    const turn = this.turn++;
    const [enter, leave] = [mark(this.nonce, ENTER, turn, cell), mark(this.nonce, LEAVE, turn, cell)];
    this.pipes.text(stream, Buffer.concat([enter, leave, after]));
  }
}

/** What comes out on the server's side, in the order in which the cell made it. */
export interface TurnSink {
  text(stream: Stream, cell: number, bytes: Buffer): void;
  frame(value: Readonly<Record<string, unknown>>): void;
}

class TextPipe {
  readonly marks: MarkReader;
  readonly waiting: TextItem[] = [];
  cell = 0;
  constructor(nonce: Uint8Array) {
    this.marks = new MarkReader(nonce);
  }
}

/** The server's side: joins the three pipes into one order. */
export class TurnReader {
  private turn = 0;
  private ended = false;
  private readonly frames = new FrameReader();
  private readonly waitingFrames: Readonly<Record<string, unknown>>[] = [];
  private readonly pipes: Readonly<Record<Stream, TextPipe>>;

  constructor(
    nonce: Uint8Array,
    private readonly sink: TurnSink,
  ) {
    this.pipes = { stdout: new TextPipe(nonce), stderr: new TextPipe(nonce) };
  }

  pushText(stream: Stream, chunk: Uint8Array): void {
    const pipe = this.pipes[stream];
    pipe.waiting.push(...pipe.marks.push(chunk));
    this.advance();
  }

  pushFrames(chunk: Uint8Array): void {
    for (const frame of this.frames.push(chunk)) if (isRecord(frame)) this.waitingFrames.push(frame);
    this.advance();
  }

  /** All three pipes are closed: what was held back is text, and frames that never came are not waited for. */
  end(): void {
    this.ended = true;
    for (const stream of ["stdout", "stderr"] as const) {
      const pipe = this.pipes[stream];
      pipe.waiting.push(...pipe.marks.end());
    }
    this.advance();
  }

  private advance(): void {
    while (this.advanceText("stdout") || this.advanceText("stderr") || this.advanceFrames()) {}
  }

  private advanceText(stream: Stream): boolean {
    const pipe = this.pipes[stream];
    const item = pipe.waiting[0];
    if (!item) return false;
    switch (item.kind) {
      case "text":
        this.sink.text(stream, pipe.cell, item.bytes);
        break;
      case "enter":
        if (item.turn > this.turn) return false;
        pipe.cell = item.cell;
        break;
      case "leave":
        this.turn = item.turn + 1;
        break;
      case "wait":
        if (item.turn >= this.turn && !this.ended) return false;
        break;
    }
    pipe.waiting.shift();
    return true;
  }

  private advanceFrames(): boolean {
    const frame = this.waitingFrames[0];
    if (!frame) return false;
    const { turn } = frame;
    if (typeof turn === "number") {
      if (turn > this.turn) return false;
      this.turn = turn + 1;
    }
    this.waitingFrames.shift();
    this.sink.frame(frame);
    return true;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
