import { decode, encode } from "@msgpack/msgpack";

/** No frame is longer than this. A larger length means that the bytes read are not the start of a frame. */
const MAX_FRAME_BYTES = 2 ** 30;

/**
 * Encodes a value as a frame: its length in four bytes (big-endian), then MessagePack. Typed arrays stay
 * binary, so an image between the two processes needs no base64.
 */
export function encodeFrame(value: unknown): Uint8Array {
  const body = encode(value, { ignoreUndefined: true });
  const frame = new Uint8Array(4 + body.length);
  new DataView(frame.buffer).setUint32(0, body.length);
  frame.set(body, 4);
  return frame;
}

/** Decodes a byte stream into the values that {@link encodeFrame} wrote, whatever its chunk boundaries are. */
export class FrameReader {
  #chunks: Uint8Array[] = [];
  #bufferedBytes = 0;
  #neededBytes = 4;
  #inBody = false;

  /** @throws RangeError when the bytes are not frames. */
  push(chunk: Uint8Array): unknown[] {
    this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.length;
    const values: unknown[] = [];
    while (this.#bufferedBytes >= this.#neededBytes) {
      const bytes = this.#take(this.#neededBytes);
      if (this.#inBody) {
        values.push(decode(bytes));
        this.#neededBytes = 4;
        this.#inBody = false;
        continue;
      }
      this.#neededBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
      this.#inBody = true;
      if (this.#neededBytes > MAX_FRAME_BYTES)
        throw new RangeError(`a frame of ${this.#neededBytes} bytes: the pipe is out of sync`);
    }
    return values;
  }

  #take(length: number): Uint8Array {
    const [first] = this.#chunks;
    const all = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks);
    this.#chunks = all.length > length ? [all.subarray(length)] : [];
    this.#bufferedBytes -= length;
    // A copy, because decoded binary values would otherwise keep (and share) the whole read buffer.
    return Uint8Array.from(all.subarray(0, length));
  }
}
