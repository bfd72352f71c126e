import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";

/**
 * Makes calls fail when the connection breaks in the middle of a response. docker-modem waits for the end of a response
 * and doesn't listen for the error of its stream. `docker wait` gets the response headers at once and the body when the
 * container ends, so it would wait forever if the engine stopped in between. This function requests every response as a
 * stream and reads it to the end itself.
 */
export function failOnBrokenResponses(docker: Docker): Docker {
  const { modem } = docker;
  const dial = modem.dial.bind(modem);
  modem.dial = (options, callback) => {
    if (options.isStream === true || options.hijack === true || options.openStdin === true)
      return dial(options, callback);
    return dial({ ...options, isStream: true }, (error, response) => {
      if (error || !(response instanceof Readable)) return callback?.(error, response);
      buffer(response).then(
        (bytes) => callback?.(null, parsed(bytes)),
        (reason: unknown) => callback?.(reason instanceof Error ? reason : new Error(String(reason)), null),
      );
    });
  };
  return docker;
}

// Like docker-modem, returns parsed JSON, or the bytes if they are not JSON.
function parsed(bytes: Buffer): object {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === "object" && value !== null ? value : bytes;
  } catch {
    return bytes;
  }
}
