import path from "node:path";
import { origin } from "./origins";

const KERNEL = path.resolve(__dirname, "..");

function isInternal(file: string): boolean {
  return (
    file.startsWith("node:internal/") ||
    file === "node:vm" ||
    file === "node:async_hooks" ||
    file.startsWith(KERNEL + path.sep)
  );
}

/** One frame as a line, led back to the cell; undefined when it says nothing to who wrote the cell. */
function frame(site: NodeJS.CallSite): string | undefined {
  const file = site.getFileName();
  if (!file) return site.isNative() ? undefined : String(site);
  if (isInternal(file)) return undefined;
  const line = site.getLineNumber() ?? 0;
  const column = site.getColumnNumber() ?? 0;
  const found = origin(file, line, column);
  if (found === null) return String(site);
  if (found === undefined) return undefined;
  // Functions of earlier cells are called as members of the cells' exports: nothing a person wrote.
  const text = String(site).replace(/^(async )?Proxy\./, "$1");
  return text.replace(`${file}:${line}:${column}`, `${found.file}:${found.line}:${found.column}`);
}

function head(error: Error): string {
  try {
    return String(error);
  } catch {
    return "Error";
  }
}

/**
 * Makes every `error.stack` in this process speak of the cells' own lines and leave the kernel out,
 * also where the cell itself prints it.
 */
export function installStackFormat(): void {
  Error.stackTraceLimit = 20;
  Error.prepareStackTrace = (error, sites) =>
    [head(error), ...sites.flatMap((site) => frame(site) ?? []).map((line) => `    at ${line}`)].join("\n");
}

const CELL_FRAME = /(In\[[^\]]*\]):(\d+):(\d+)/;

/** The frames of an error's stack, without its message. */
export function frames(error: Error): string[] {
  const { stack } = error;
  if (typeof stack !== "string") return [];
  return stack.split("\n").filter((line) => /^\s+at /.test(line));
}

/** Frames of packages that are shown of each run of them; the others are counted. */
const SHOWN = 2;

/**
 * The frames as a reader wants them: all that lie in cells, and of a package's, which the reader has not written, the
 * first ones. `error.stack` keeps them all.
 */
export function shortened(lines: readonly string[]): string[] {
  const out: string[] = [];
  let run: string[] = [];
  const flush = () => {
    const kept = run.length <= SHOWN + 1 ? run : run.slice(0, SHOWN);
    out.push(...kept);
    if (kept.length < run.length) out.push(`    … ${run.length - kept.length} more in packages`);
    run = [];
  };
  for (const line of lines) {
    if (CELL_FRAME.test(line)) {
      flush();
      out.push(line);
    } else run.push(line);
  }
  flush();
  return out;
}

/** The first of these frames that lies in a cell. */
export function firstCellFrame(
  lines: readonly string[],
): { name: string; line: number; column: number } | undefined {
  for (const text of lines) {
    const [, name, line, column] = CELL_FRAME.exec(text) ?? [];
    if (name) return { name, line: Number(line), column: Number(column) };
  }
  return undefined;
}
