import path from "node:path";
import * as ts from "typescript-classic";
import { syntaxErrors } from "./cell-source";
import type { Diagnostic, Position } from "./engine";
import { MODULE_PREFIX, NotebookProgram } from "./notebook-program";

/** The errors of a cell and of the local files that it imports. */
export interface Findings {
  /** Errors that a cell cannot run with. */
  readonly syntax: readonly ts.Diagnostic[];
  readonly types: readonly ts.Diagnostic[];
}

/** Checks a cell and the local files of its program. Does not check types if `checked` is false. */
export function findErrors(program: ts.Program, checked: boolean): Findings {
  const files = program.getSourceFiles().filter((file) => NotebookProgram.isLocal(program, file));
  const syntax = files.flatMap((file) => program.getSyntacticDiagnostics(file));
  const types =
    checked && syntax.length === 0 ? files.flatMap((file) => program.getSemanticDiagnostics(file)) : [];
  return {
    syntax: [...ts.sortAndDeduplicateDiagnostics(syntax)],
    types: [...ts.sortAndDeduplicateDiagnostics(types)],
  };
}

/** Finds the syntax errors of a cell without a program: tslab adds code to the cell, which could have errors. */
export function syntaxDiagnostics(code: string, kind: ts.ScriptKind): Diagnostic[] {
  const file = ts.createSourceFile(CELL, MODULE_PREFIX + code, ts.ScriptTarget.Latest, true, kind);
  return syntaxErrors(file).map((error) => describe(error, { folder: "", cellFile: CELL }));
}

const CELL = "cell.ts";

/** Where a diagnostic's file is. */
export interface Location {
  readonly folder: string;
  readonly cellFile: string;
}

/** Converts a diagnostic of the compiler, with its chain of reasons and its hints. */
export function describe(diagnostic: ts.Diagnostic, { folder, cellFile }: Location): Diagnostic {
  const { file, start = 0, length = 0, code, messageText, relatedInformation } = diagnostic;
  const hints = (relatedInformation ?? [])
    .filter((related) => HINTS.has(related.code))
    .map((related) => ts.flattenDiagnosticMessageText(related.messageText, "\n"));
  const isCell = file?.fileName === cellFile;
  const positionAt = (offset: number): Position => {
    if (!file) return { offset: 0, line: 0, column: 0 };
    const { line, character } = ts.getLineAndCharacterOfPosition(file, offset);
    return isCell
      ? { offset: offset - MODULE_PREFIX.length, line: line - 1, column: character }
      : { offset, line, column: character };
  };
  return {
    message: [ts.flattenDiagnosticMessageText(messageText, "\n"), ...hints.map((hint) => `  ${hint}`)].join(
      "\n",
    ),
    code,
    start: positionAt(start),
    end: positionAt(start + length),
    ...(file && !isCell ? { file: path.relative(folder, file.fileName) } : {}),
  };
}

/** Related information that says how to correct the error: "Did you forget to use 'await'?", "Did you mean to call it?". */
const HINTS = new Set([2773, 6212]);
