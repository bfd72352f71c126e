import { decode, encode } from "@msgpack/msgpack";

/** A frame longer than this is not a frame: the pipe is out of step. */
const MAX_FRAME = 2 ** 30;

/**
 * One value as a frame: four bytes of length (big-endian), then MessagePack. Typed arrays travel as
 * binary, so an image needs no base64 between the two processes.
 */
export function encodeFrame(value: unknown): Uint8Array {
  const body = encode(value, { ignoreUndefined: true });
  const frame = new Uint8Array(4 + body.length);
  new DataView(frame.buffer).setUint32(0, body.length);
  frame.set(body, 4);
  return frame;
}

/** Cuts a byte stream back into the values that {@link encodeFrame} wrote, however it was chunked. */
export class FrameReader {
  private chunks: Uint8Array[] = [];
  private held = 0;
  private wanted = 4;
  private inBody = false;

  push(chunk: Uint8Array): unknown[] {
    this.chunks.push(chunk);
    this.held += chunk.length;
    const values: unknown[] = [];
    while (this.held >= this.wanted) {
      const bytes = this.take(this.wanted);
      if (this.inBody) {
        values.push(decode(bytes));
        this.wanted = 4;
        this.inBody = false;
        continue;
      }
      this.wanted = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
      this.inBody = true;
      if (this.wanted > MAX_FRAME)
        throw new RangeError(`a frame of ${this.wanted} bytes: the pipe is out of step`);
    }
    return values;
  }

  private take(length: number): Uint8Array {
    const all = this.chunks.length === 1 && this.chunks[0] ? this.chunks[0] : Buffer.concat(this.chunks);
    this.chunks = all.length > length ? [all.subarray(length)] : [];
    this.held -= length;
    // A copy: decoded binary must not pin (or alias) the read buffer.
    return Uint8Array.from(all.subarray(0, length));
  }
}
