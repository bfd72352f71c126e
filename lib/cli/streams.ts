/** An error that a Node.js stream emits. */
interface StreamError extends Error {
  readonly code?: string;
}

/** The part of a writable stream that {@link watchOutput} needs. */
export interface Written {
  on(event: "error", listener: (error: StreamError) => void): unknown;
}

/**
 * Handles write errors of a stream. If the reader closed the pipe (`| head`), exits without a message. Reports any
 * other error, such as a full disk, and exits with 1.
 *
 * @param exit - exits the process with this code; undefined keeps the code that was set.
 * @param report - prints the error.
 */
export function watchOutput(
  stream: Written,
  exit: (code: number | undefined) => void,
  report: (text: string) => void,
): void {
  stream.on("error", (error) => {
    if (error.code !== "EPIPE")
      report(
        `OUTPUT  cannot be written (${error.message}).\n  Free some space or write to another place. The output so far is incomplete.`,
      );
    exit(error.code === "EPIPE" ? undefined : 1);
  });
}
