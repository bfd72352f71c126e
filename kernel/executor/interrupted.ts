/** The error of a cell that was interrupted. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor(options?: ErrorOptions) {
    super("the cell was interrupted", options);
  }
}

/** Whether an error is the expected result of an interrupt: an aborted operation, or a child that SIGINT ended. */
export function isInterruption(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === "Interrupted" || error.name === "AbortError") return true;
  if ("code" in error && error.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED") return true;
  return "signal" in error && (error.signal === "SIGINT" || error.signal === "SIGKILL");
}
