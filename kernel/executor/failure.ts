import { excerpt } from "../link/excerpt";
import type { CellError } from "../link/protocol";
import { plain } from "./display";
import { cellSource } from "./origins";
import { firstCellFrame, frames, shortened } from "./stack";

function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

/** The trace of one error: the place in the cell, the frames, what belongs to it, and last `Name: message`. */
function trace(error: Error, seen: ReadonlySet<unknown>): string[] {
  const lines: string[] = [];
  const { cause } = error;
  if (cause !== undefined && !seen.has(cause)) {
    lines.push(
      ...(isError(cause) ? trace(cause, new Set([...seen, cause])) : [plain(cause)]),
      "",
      "which caused:",
      "",
    );
  }
  if (error instanceof AggregateError) {
    for (const part of error.errors) lines.push(`  - ${isError(part) ? headline(part) : plain(part)}`);
  }
  const stack = frames(error);
  const place = firstCellFrame(stack);
  const source = place && cellSource(place.name);
  if (place && source !== undefined)
    lines.push(`${place.name}:`, ...excerpt(source, place.line, place.column));
  lines.push(...shortened(stack));
  if ("code" in error && typeof error.code === "string" && !error.message.includes(error.code)) {
    lines.push(`    code: ${error.code}`);
  }
  lines.push(headline(error));
  return lines;
}

function headline({ name, message }: Error): string {
  return message ? `${name}: ${message}` : name;
}

/** An error as Jupyter shows it. Anything can be thrown, so anything is described. */
export function describeFailure(thrown: unknown): CellError {
  if (!isError(thrown)) {
    const evalue = plain(thrown);
    return { ename: "Thrown", evalue, traceback: [`Thrown: ${evalue}`] };
  }
  const name = typeof thrown.name === "string" && thrown.name !== "" ? thrown.name : "Error";
  return { ename: name, evalue: String(thrown.message), traceback: trace(thrown, new Set([thrown])) };
}
