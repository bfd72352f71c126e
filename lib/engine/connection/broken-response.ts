import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";

/**
 * Lets no call of `docker` wait for ever: docker-modem waits for the end of an answer, and does not hear that the
 * connection broke in the middle of one. `docker wait` has the beginning of its answer at once and the rest when the
 * container ends, so an engine that goes away in between would never be missed. Here each answer is read as the stream
 * that it is.
 */
export function failOnBrokenResponses(docker: Docker): Docker {
  const { modem } = docker;
  const dial = modem.dial.bind(modem);
  modem.dial = (options, callback) => {
    if (options.isStream === true || options.hijack === true || options.openStdin === true)
      return dial(options, callback);
    return dial({ ...options, isStream: true }, (error, answer) => {
      if (error || !(answer instanceof Readable)) return callback?.(error, answer);
      buffer(answer).then(
        (bytes) => callback?.(null, parsed(bytes)),
        (broken: unknown) => callback?.(broken instanceof Error ? broken : new Error(String(broken)), null),
      );
    });
  };
  return docker;
}

// JSON, or else the bytes as they came: as docker-modem has it.
function parsed(bytes: Buffer): object {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === "object" && value !== null ? value : bytes;
  } catch {
    return bytes;
  }
}
