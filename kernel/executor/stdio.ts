import { writeSync } from "node:fs";
import { Writable } from "node:stream";
import { encodeFrame } from "../link/frame";
import { type Stream, TurnWriter } from "../link/turns";
import { REPORTS_FD } from "../link/watch-pipe";
import { currentRun } from "./run";

const FD: Readonly<Record<Stream, number>> = { stdout: 1, stderr: 2 };
const pause = new Int32Array(new SharedArrayBuffer(4));

/** Writes all bytes, and waits for the reader when the pipe is full: output is never dropped. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EPIPE") return; // the server is gone; the watching thread ends this process
      if (code !== "EAGAIN") throw error;
      Atomics.wait(pause, 0, 0, 2);
    }
  }
}

/** The pipes to the server, in turns. */
export function openTurns(nonce: Uint8Array): TurnWriter {
  return new TurnWriter(nonce, {
    text: (stream, bytes) => writeAll(FD[stream], bytes),
    frame: (value) => writeAll(REPORTS_FD, encodeFrame(value)),
  });
}

/**
 * Takes the place of `process.stdout` and `process.stderr`. Node's own would make the pipes
 * non-blocking, which child processes that inherit them do not expect.
 */
export function replaceStdio(turns: TurnWriter): void {
  for (const stream of ["stdout", "stderr"] as const) {
    const writable = new Writable({
      decodeStrings: true,
      write(chunk: Uint8Array, _encoding, done) {
        turns.text(stream, currentRun()?.id ?? 0, chunk);
        done();
      },
    });
    // As Node's own: an end (by a `pipeline` into it) does not close it.
    const replacement = Object.assign(writable, {
      fd: FD[stream],
      _isStdio: true,
      destroySoon() {},
      _destroy() {},
    });
    Object.defineProperty(process, stream, { configurable: true, enumerable: true, get: () => replacement });
  }
}
