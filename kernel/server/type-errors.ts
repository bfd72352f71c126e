import type { Diagnostic } from "../language/engine";
import { HOUSE_PACKAGES, houseFolder } from "../language/packages";
import { excerpt } from "../link/excerpt";
import type { CellError } from "../link/protocol";

const CANNOT_FIND_MODULE = 2307;

/** The most errors that are shown at once: the first are most often the cause of the rest. */
const SHOWN = 5;

function advice({ code, message }: Diagnostic): string[] {
  if (code !== CANNOT_FIND_MODULE) return [];
  const id = /'([^']+)'/.exec(message)?.[1] ?? "";
  if (id.startsWith(".")) return [`  There is no such file in the notebook's folder (${process.cwd()}).`];
  const name = id
    .split("/")
    .slice(0, id.startsWith("@") ? 2 : 1)
    .join("/");
  const house = HOUSE_PACKAGES.includes(name) ? houseFolder(name) : undefined;
  return house
    ? [`  The package lies in ${house} but is not built. Run there: npm run build`]
    : [`  Install it in the notebook's folder: cd ${process.cwd()} && npm install ${name}`];
}

function shown(name: string, source: string, diagnostic: Diagnostic): string[] {
  const { start, end, message, code, file } = diagnostic;
  const text = `error TS${code}: ${message}`;
  const place = `${file ?? name}:${start.line + 1}:${start.column + 1}`;
  const width = end.line === start.line ? end.column - start.column : 1;
  const lines = file === undefined ? excerpt(source, start.line + 1, start.column + 1, width) : [];
  return [`${place} - ${text}`, ...advice(diagnostic), ...lines, ""];
}

/** The type and syntax errors of a cell, as one error. */
export function describeDiagnostics(
  name: string,
  source: string,
  diagnostics: readonly Diagnostic[],
): CellError {
  const [first] = diagnostics;
  const ename = "TypeScriptError";
  const more = diagnostics.length - SHOWN;
  const evalue = `${first?.message ?? "the cell could not be compiled"} (TS${first?.code}, ${name} line ${(first?.start.line ?? 0) + 1})`;
  return {
    ename,
    evalue,
    traceback: [
      ...diagnostics.slice(0, SHOWN).flatMap((diagnostic) => shown(name, source, diagnostic)),
      ...(more > 0 ? [`… and ${more} more`] : []),
      `${ename}: ${evalue}`,
    ],
  };
}
