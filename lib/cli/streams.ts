/** An error of a stream, as Node names it. */
interface StreamError extends Error {
  readonly code?: string;
}

/** A stream that a program writes to. */
export interface Written {
  on(event: "error", listener: (error: StreamError) => void): unknown;
}

/**
 * What becomes of output that cannot be written: where the reader went away (`| head`), the command ends quietly, as others
 * do; a full disk is named, and the command has failed.
 *
 * @param end - ends the process with a code.
 * @param tell - says what happened.
 */
export function watchOutput(
  stream: Written,
  end: (code: number | undefined) => void,
  tell: (text: string) => void,
): void {
  stream.on("error", (error) => {
    if (error.code !== "EPIPE")
      tell(
        `OUTPUT  cannot be written (${error.message}).\n  Make room, or write elsewhere: what is there so far is not whole.`,
      );
    end(error.code === "EPIPE" ? undefined : 1);
  });
}
