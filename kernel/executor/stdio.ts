import { writeSync } from "node:fs";
import { Writable } from "node:stream";
import { encodeFrame } from "../link/frame";
import { OrderedWriter, type Stream } from "../link/output-order";
import { REPORTS_FD } from "../link/watchdog-pipe";
import { currentRun } from "./cell-run";

const FD: Readonly<Record<Stream, number>> = { stdout: 1, stderr: 2 };
const sleepCell = new Int32Array(new SharedArrayBuffer(4));

/** Writes all bytes, and waits for the reader when the pipe is full, so that no output is dropped. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EPIPE") return; // the server has ended; the watchdog thread ends this process
      if (code !== "EAGAIN") throw error;
      Atomics.wait(sleepCell, 0, 0, 2);
    }
  }
}

/** Opens the ordered output to the server. */
export function openOutput(nonce: Uint8Array): OrderedWriter {
  return new OrderedWriter(nonce, {
    text: (stream, bytes) => writeAll(FD[stream], bytes),
    frame: (value) => writeAll(REPORTS_FD, encodeFrame(value)),
  });
}

/**
 * Replaces `process.stdout` and `process.stderr`. Node's own streams make the pipes non-blocking, which
 * child processes that inherit them do not expect.
 */
export function replaceStdio(output: OrderedWriter): void {
  for (const stream of ["stdout", "stderr"] as const) {
    const writable = new Writable({
      decodeStrings: true,
      write(chunk: Uint8Array, _encoding, done) {
        output.text(stream, currentRun()?.id ?? 0, chunk);
        done();
      },
    });
    // As with the original `process.stdout`, `end()` (called by `pipeline`, for example) does not close the stream.
    const replacement = Object.assign(writable, {
      fd: FD[stream],
      _isStdio: true,
      destroySoon() {},
      _destroy() {},
    });
    Object.defineProperty(process, stream, { configurable: true, enumerable: true, get: () => replacement });
  }
}
