import type { Diagnostic } from "../language/engine";
import { codeFrame } from "../link/code-frame";
import type { CellError } from "../link/protocol";
import { adviceFor, shellAdvice } from "./type-error-advice";

/** How many errors are shown. Later errors are usually caused by the first ones. */
const MAX_SHOWN = 5;

function errorLines(name: string, source: string, diagnostic: Diagnostic): string[] {
  const { start, end, message, code, file } = diagnostic;
  const text = `error TS${code}: ${message}`;
  const position = `${file ?? name}:${start.line + 1}:${start.column + 1}`;
  const width = end.line === start.line ? end.column - start.column : 1;
  const lines = file === undefined ? codeFrame(source, start.line + 1, start.column + 1, width) : [];
  return [`${position} - ${text}`, ...adviceFor(diagnostic), ...lines, ""];
}

/** The type errors of a cell that runs nevertheless, as one text; none if there are no errors. */
export function describeWarnings(
  name: string,
  source: string,
  diagnostics: readonly Diagnostic[],
): readonly string[] {
  if (diagnostics.length === 0) return [];
  const lines = diagnostics.slice(0, MAX_SHOWN).flatMap((diagnostic) => errorLines(name, source, diagnostic));
  const more = diagnostics.length - MAX_SHOWN;
  return [[...lines, ...(more > 0 ? [`… and ${more} more`, ""] : [])].join("\n")];
}

/** Combines the type and syntax errors of a cell into one error. */
export function describeDiagnostics(
  name: string,
  source: string,
  diagnostics: readonly Diagnostic[],
): CellError {
  const [first] = diagnostics;
  const ename = "TypeScriptError";
  const more = diagnostics.length - MAX_SHOWN;
  const evalue = `${first?.message ?? "the cell could not be compiled"} (TS${first?.code}, ${name} line ${(first?.start.line ?? 0) + 1})`;
  return {
    ename,
    evalue,
    traceback: [
      ...diagnostics.slice(0, MAX_SHOWN).flatMap((diagnostic) => errorLines(name, source, diagnostic)),
      ...(more > 0 ? [`… and ${more} more`] : []),
      ...shellAdvice(source, diagnostics),
      `${ename}: ${evalue}`,
    ],
  };
}
