import { SourceMap } from "node:module";

/** A position in source code that a user wrote. Line and column are one-based. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

interface Script {
  readonly name: string;
  readonly maps: readonly string[];
  /** How many lines the converter added before the source. */
  readonly linesBefore: number;
  readonly lineCount: number;
  readonly source?: string;
  parsed?: readonly SourceMap[];
}

const scripts = new Map<string, Script>();

/** Registers a converted cell, so that its stack frames can be mapped to the code that the user typed. */
export function registerCell(name: string, source: string, code: string, maps: readonly string[]): void {
  scripts.set(name, { name, maps, linesBefore: 1, lineCount: code.split("\n").length, source });
}

/** Registers a converted local file. */
export function registerFile(file: string, code: string, maps: readonly string[]): void {
  scripts.set(file, { name: file, maps, linesBefore: 0, lineCount: code.split("\n").length });
}

/** The source code of a cell, by its name in stack frames. */
export function cellSource(name: string): string | undefined {
  return scripts.get(name)?.source;
}

/**
 * Maps a position in converted code to the source code. Returns `undefined` for code that the converter
 * added, and `null` for a file that was not converted.
 */
export function sourcePosition(
  file: string,
  line: number,
  column: number,
): SourcePosition | undefined | null {
  const script = scripts.get(file);
  if (!script) return null;
  if (line > script.lineCount) return undefined;
  script.parsed ??= script.maps.map((map) => new SourceMap(JSON.parse(map)));
  let at = { line: line - 1, column: Math.max(0, column - 1) };
  for (const map of script.parsed) {
    const entry = map.findEntry(at.line, at.column);
    if (!("originalLine" in entry) || typeof entry.originalLine !== "number") return undefined;
    at = { line: entry.originalLine, column: entry.originalColumn };
  }
  const original = at.line - script.linesBefore;
  return original < 0 ? undefined : { file: script.name, line: original + 1, column: at.column + 1 };
}
