import { codeFrame } from "../link/code-frame";
import type { CellError } from "../link/protocol";
import { plainText } from "./display";
import { cellSource } from "./source-positions";
import { firstCellFrame, frames, shortened } from "./stack";

function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

/** The traceback of one error: its causes, the code frame, the stack frames, its code, and last `Name: message`. */
function traceback(error: Error, seen: ReadonlySet<unknown>): string[] {
  const lines: string[] = [];
  const { cause } = error;
  if (cause !== undefined && !seen.has(cause)) {
    lines.push(
      ...(isError(cause) ? traceback(cause, new Set([...seen, cause])) : [plainText(cause)]),
      "",
      "which caused:",
      "",
    );
  }
  if (error instanceof AggregateError) {
    for (const part of error.errors) lines.push(`  - ${isError(part) ? headline(part) : plainText(part)}`);
  }
  const stack = frames(error);
  const position = firstCellFrame(stack);
  const source = position && cellSource(position.name);
  if (position && source !== undefined)
    lines.push(`${position.name}:`, ...codeFrame(source, position.line, position.column));
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

/** Converts a thrown value to Jupyter's form of an error. JavaScript can throw any value, not only errors. */
export function describeError(thrown: unknown): CellError {
  if (!isError(thrown)) {
    const evalue = plainText(thrown);
    return { ename: "Thrown", evalue, traceback: [`Thrown: ${evalue}`] };
  }
  const name = typeof thrown.name === "string" && thrown.name !== "" ? thrown.name : "Error";
  return { ename: name, evalue: String(thrown.message), traceback: traceback(thrown, new Set([thrown])) };
}
