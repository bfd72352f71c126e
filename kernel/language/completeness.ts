import * as ts from "typescript-classic";
import { syntaxErrors } from "./cell-source";
import type { Completeness } from "./engine";

/** The errors of an unterminated template literal and comment. More input can close them. */
const UNTERMINATED = new Set([1010, 1160]);

const EXPECTED = /expected/;

/** Tells whether code is correct, could become correct with more input, or is wrong. */
export function completenessOf(code: string, kind: ts.ScriptKind): Completeness {
  const file = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.Latest, true, kind);
  const [first] = syntaxErrors(file);
  if (!first) return { status: "complete" };
  // More input can only help if the code is correct up to its end.
  const atEnd = (first.start ?? 0) >= code.trimEnd().length;
  const message = ts.flattenDiagnosticMessageText(first.messageText, "\n");
  const isOpen = UNTERMINATED.has(first.code) || (atEnd && EXPECTED.test(message));
  return isOpen ? { status: "incomplete", indent: nextIndent(code) } : { status: "invalid" };
}

function nextIndent(code: string): string {
  const line = code.trimEnd().split("\n").at(-1) ?? "";
  const indent = /^\s*/.exec(line)?.[0] ?? "";
  return /[{([]\s*$/.test(line) ? `${indent}  ` : indent;
}
