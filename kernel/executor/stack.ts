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
