import type { Duplex } from "node:stream";

/** A running program in a container, with open streams. */
export interface Process {
  /** Writes to stdin. Resolves when the data has been sent to the engine. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Closes stdin: the program reads end of file. */
  end(): void;
  /** Resolves with the exit code when the program has ended and all output was delivered; -1 if the code is unknown. */
  readonly exit: Promise<number>;
  /** Closes the streams. The program reads end of file. If it ignores that, it runs until its container ends. */
  destroy(): void;
  /** Lets the Node.js process exit while the stream is open. `ref` undoes this. */
  unref(): void;
  ref(): void;
}

/** Receives a program's output as it arrives. */
export interface Sink {
  stdout?(chunk: Buffer): void;
  stderr?(chunk: Buffer): void;
}

/**
 * Splits the multiplexed stream that an engine sends for a container without a terminal. Each frame has one byte for the
 * stream, three bytes of padding, a length of four bytes (big-endian), and the data. docs.docker.com/engine/api, "Stream format".
 */
class Demultiplexer {
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
 * Returns a {@link Process} for an attach stream, whose output goes to `sink`.
 *
 * @param exitCode - called when the stream has ended.
 * @param translated - converts an error of the stream to the one that is thrown.
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
  let destroyed = false;
  // The engine has closed its side. Our side would stay open and keep the Node.js process alive.
  const exit = ended
    .finally(() => stream.destroy())
    // After destroy() the program may still run, so there is no exit code to wait for.
    .then(() => (destroyed ? -1 : exitCode()))
    .catch((cause: unknown) => Promise.reject(translated(cause)));
  // Callers may ignore the exit code. Without a handler, a rejection would crash the process.
  exit.catch(() => undefined);
  return {
    write: (chunk) =>
      new Promise((resolve, reject) => {
        stream.write(chunk, (error) => (error ? reject(error) : resolve()));
      }),
    end: () => stream.end(),
    destroy: () => {
      destroyed = true;
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
