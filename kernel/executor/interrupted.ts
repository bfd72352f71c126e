/** What a cell fails with when it was interrupted. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  constructor(options?: ErrorOptions) {
    super("the cell was interrupted", options);
  }
}

/** Aborted operations and children ended by Ctrl-C's signal are what an interrupt is meant to cause. */
export function isInterruption(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === "Interrupted" || error.name === "AbortError") return true;
  if ("code" in error && error.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED") return true;
  return "signal" in error && (error.signal === "SIGINT" || error.signal === "SIGKILL");
}
