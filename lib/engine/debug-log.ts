/** Writes a line to the debug log. */
export type DebugLog = (text: string) => void;

const NOTHING: DebugLog = () => {};

/**
 * Returns the debug log of an area. The environment variable `WIREBOOK_DEBUG` lists the areas to log, separated by commas;
 * the log of any other area does nothing. Lines go to stderr and start with the time in seconds since the process started.
 *
 * The kernel has a copy of this function, because kernel and library do not import each other.
 *
 * @param area - such as `engine`.
 */
export function debugLog(
  area: string,
  areas = process.env["WIREBOOK_DEBUG"] ?? "",
  write: (line: string) => void = (line) => process.stderr.write(line),
): DebugLog {
  if (!areas.split(",").some((each) => each.trim() === area)) return NOTHING;
  return (text) => write(`${area} ${(performance.now() / 1000).toFixed(3)} s  ${text}\n`);
}
