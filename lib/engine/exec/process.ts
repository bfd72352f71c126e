import type { Duplex } from "node:stream";

/** A program that runs in a container and whose streams are held open. */
export interface Process {
  /** Writes to its stdin. Resolves when the engine has taken it. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Closes its stdin: the program reads end of file. */
  end(): void;
  /** Resolves when it ended and all its output was delivered. -1: the engine could not say. */
  readonly exit: Promise<number>;
  /** Cuts the streams. The program sees end of file; one that ignores that runs on until its container ends. */
  destroy(): void;
  /** Lets our process end though the stream is open; `ref` takes that back. */
  unref(): void;
  ref(): void;
}

/** Where a program's output goes, as it comes. */
export interface Sink {
  stdout?(chunk: Buffer): void;
  stderr?(chunk: Buffer): void;
}

/**
 * Takes apart what an engine sends for a container without a terminal: frames of one byte for the stream,
 * three of padding, four of length (big-endian), then the text. docs.docker.com/engine/api: "Stream format".
 */
export class Demultiplexer {
  readonly #sink: Sink;
  #rest: Buffer = Buffer.alloc(0);

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (data.length >= 8) {
      const end = 8 + data.readUInt32BE(4);
      if (data.length < end) break;
      const body = data.subarray(8, end);
      if (data[0] === 2) this.#sink.stderr?.(body);
      else this.#sink.stdout?.(body);
      data = data.subarray(end);
    }
    this.#rest = data;
  }
}

/**
 * Connects a raw attach stream to `sink`.
 *
 * @param exitCode - asked once the stream has ended.
 * @param translated - the error to throw for one of the stream.
 */
export function processOn(
  stream: Duplex,
  sink: Sink,
  exitCode: () => Promise<number>,
  translated: (cause: unknown) => Error,
): Process {
  const demultiplexer = new Demultiplexer(sink);
  stream.on("data", (chunk: Buffer) => demultiplexer.push(chunk));
  const ended = new Promise<void>((resolve, reject) => {
    stream.once("end", resolve);
    stream.once("close", resolve);
    stream.once("error", reject);
  });
  let cut = false;
  // The engine has closed its side; ours would stay open, and keep our process alive.
  const exit = ended
    .finally(() => stream.destroy())
    // Whoever cut the streams does not ask how the program ends.
    .then(() => (cut ? -1 : exitCode()))
    .catch((cause: unknown) => Promise.reject(translated(cause)));
  // Whoever does not wait for the exit code must not die of it.
  exit.catch(() => undefined);
  return {
    write: (chunk) =>
      new Promise((resolve, reject) => {
        stream.write(chunk, (error) => (error ? reject(error) : resolve()));
      }),
    end: () => stream.end(),
    destroy: () => {
      cut = true;
      stream.destroy();
    },
    unref: () => call(stream, "unref"),
    ref: () => call(stream, "ref"),
    exit,
  };
}

function call(stream: Duplex, name: "ref" | "unref"): void {
  const method: unknown = Reflect.get(stream, name);
  if (typeof method === "function") method.call(stream);
}
