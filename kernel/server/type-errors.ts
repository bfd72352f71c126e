import { BUNDLED_PACKAGES, bundledPackageFolder } from "../language/bundled-packages";
import type { Diagnostic } from "../language/engine";
import { codeFrame } from "../link/code-frame";
import type { CellError } from "../link/protocol";

const CANNOT_FIND_MODULE = 2307;

/** How many errors are shown. Later errors are usually caused by the first ones. */
const MAX_SHOWN = 5;

function advice({ code, message }: Diagnostic): string[] {
  if (code !== CANNOT_FIND_MODULE) return [];
  const id = /'([^']+)'/.exec(message)?.[1] ?? "";
  if (id.startsWith(".")) return [`  The notebook's folder (${process.cwd()}) has no such file.`];
  const name = id
    .split("/")
    .slice(0, id.startsWith("@") ? 2 : 1)
    .join("/");
  const bundled = BUNDLED_PACKAGES.includes(name) ? bundledPackageFolder(name) : undefined;
  return bundled
    ? [`  The package is in ${bundled}, but it is not built. Run there: npm run build`]
    : [`  Install it in the notebook's folder: cd ${process.cwd()} && npm install ${name}`];
}

function errorLines(name: string, source: string, diagnostic: Diagnostic): string[] {
  const { start, end, message, code, file } = diagnostic;
  const text = `error TS${code}: ${message}`;
  const position = `${file ?? name}:${start.line + 1}:${start.column + 1}`;
  const width = end.line === start.line ? end.column - start.column : 1;
  const lines = file === undefined ? codeFrame(source, start.line + 1, start.column + 1, width) : [];
  return [`${position} - ${text}`, ...advice(diagnostic), ...lines, ""];
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
      `${ename}: ${evalue}`,
    ],
  };
}
