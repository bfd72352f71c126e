/** Writes a line to the debug log. */
export type DebugLog = (text: string) => void;

const NOTHING: DebugLog = () => {};

/**
 * Returns the debug log of an area. The environment variable `WIREBOOK_DEBUG` lists the areas to log,
 * separated by commas; the log of any other area does nothing. Lines go to the server's stderr and start with
 * the time in seconds since the process started.
 *
 * @param area - such as `kernel`.
 */
export function debugLog(
  area: string,
  areas = process.env["WIREBOOK_DEBUG"] ?? "",
  write: (line: string) => void = (line) => process.stderr.write(line),
): DebugLog {
  if (!areas.split(",").some((each) => each.trim() === area)) return NOTHING;
  return (text) => write(`${area} ${(performance.now() / 1000).toFixed(3)} s  ${text}\n`);
}

/** The debug log of the kernel. */
export const log = debugLog("kernel");
