import path from "node:path";
import { sourcePosition } from "./source-positions";

const KERNEL = path.resolve(__dirname, "..");

function isInternal(file: string): boolean {
  return (
    file.startsWith("node:internal/") ||
    file === "node:vm" ||
    file === "node:async_hooks" ||
    file.startsWith(KERNEL + path.sep)
  );
}

/** One stack frame as a line, mapped to the cell's source. Returns undefined for frames of the kernel and of Node. */
function frameLine(site: NodeJS.CallSite): string | undefined {
  const file = site.getFileName();
  if (!file) return site.isNative() ? undefined : String(site);
  if (isInternal(file)) return undefined;
  const line = site.getLineNumber() ?? 0;
  const column = site.getColumnNumber() ?? 0;
  const found = sourcePosition(file, line, column);
  if (found === undefined) return undefined;
  // Functions of earlier cells and imported ones are called as members of a proxy, which is not in the source.
  const text = String(site).replace(/^(async )?Proxy\./, "$1");
  if (found === null) return text;
  return text.replace(`${file}:${line}:${column}`, `${found.file}:${found.line}:${found.column}`);
}

function headline(error: Error): string {
  try {
    // As V8 does it. It also works for objects such as the one that `console.trace` passes to `captureStackTrace`.
    return Error.prototype.toString.call(error);
  } catch {
    return "Error";
  }
}

/**
 * Makes every `error.stack` in this process show the lines of the cells and omit the frames of the kernel.
 * This also holds where a cell prints the stack itself.
 */
export function installStackFormat(): void {
  Error.stackTraceLimit = 20;
  Error.prepareStackTrace = (error, sites) =>
    [headline(error), ...sites.flatMap((site) => frameLine(site) ?? []).map((line) => `    at ${line}`)].join(
      "\n",
    );
}

const CELL_FRAME = /(In\[[^\]]*\]):(\d+):(\d+)/;

/** Returns the frames of an error's stack, without its message. */
export function frames(error: Error): string[] {
  const { stack } = error;
  if (typeof stack !== "string") return [];
  return stack.split("\n").filter((line) => /^\s+at /.test(line));
}

/** How many frames are shown of each sequence of package frames. The others are counted. */
const SHOWN_PACKAGE_FRAMES = 2;

/**
 * Shortens a stack: keeps all frames in cells, and only the first ones of each sequence of package frames.
 * `error.stack` still has all of them.
 */
export function shortened(lines: readonly string[]): string[] {
  const out: string[] = [];
  let sequence: string[] = [];
  const flush = () => {
    const kept =
      sequence.length <= SHOWN_PACKAGE_FRAMES + 1 ? sequence : sequence.slice(0, SHOWN_PACKAGE_FRAMES);
    out.push(...kept);
    if (kept.length < sequence.length) out.push(`    … ${sequence.length - kept.length} more in packages`);
    sequence = [];
  };
  for (const line of lines) {
    if (CELL_FRAME.test(line)) {
      flush();
      out.push(line);
    } else sequence.push(line);
  }
  flush();
  return out;
}

/** Returns the position of the first frame in a cell. */
export function firstCellFrame(
  lines: readonly string[],
): { name: string; line: number; column: number } | undefined {
  for (const text of lines) {
    const [, name, line, column] = CELL_FRAME.exec(text) ?? [];
    if (name) return { name, line: Number(line), column: Number(column) };
  }
  return undefined;
}
