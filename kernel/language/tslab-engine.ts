import * as ts from "@tslab/typescript-for-tslab";
import type * as tslab from "tslab/dist/converter";
import { magicCompleteness, magicSource, parseCellMagic } from "./cell-magic";
import { readCell, syntaxErrors } from "./cell-source";
import { createConverter, splitMaps } from "./converter";
import { keepDefined, takeExportNames } from "./declarations";
import type {
  Completeness,
  Completions,
  Conversion,
  Diagnostic,
  LanguageEngine,
  Position,
  QuickInfo,
} from "./engine";
import { LocalFiles } from "./local-files";

/** A language engine that uses tslab's converter. */
export class TslabEngine implements LanguageEngine {
  readonly #folder: string;
  readonly #files: LocalFiles;
  #converter: tslab.Converter;
  /** All local files that cells have imported, converted. tslab returns each of them only once. */
  readonly #modules = new Map<string, { readonly code: string; readonly maps: readonly string[] }>();
  #moduleWasMissing = false;
  #declarations = "";
  #pending: { readonly declarations: string; readonly names: readonly string[] } | undefined;

  /** @param folder - where imports are resolved from. It must be the working directory of the process. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#files = new LocalFiles(folder);
    this.#converter = createConverter(folder, this.#files);
  }

  convert(code: string): Conversion {
    this.#pending = undefined;
    this.#refresh();
    const magic = parseCellMagic(code);
    const source = readCell(magic ? magicSource(magic) : code);
    // tslab appends code to the cell, so its syntax errors can have positions that are not in the cell.
    const syntax = syntaxDiagnostics(source.code);
    if (syntax.length > 0) return { kind: "diagnostics", diagnostics: syntax };
    const converted = this.#converter.convert(this.#declarations, source.code);
    if (converted.diagnostics.length > 0) {
      this.#moduleWasMissing = converted.diagnostics.some(
        ({ code: number }) => number === CANNOT_FIND_MODULE,
      );
      return { kind: "diagnostics", diagnostics: joinMessageChains(converted.diagnostics) };
    }
    const split = splitMaps(converted.output ?? "");
    const { code: program, names } = takeExportNames(split.code);
    for (const { path, data } of converted.sideOutputs ?? []) this.#modules.set(path, splitMaps(data));
    this.#pending = { declarations: converted.declOutput ?? "", names };
    return {
      kind: "code",
      program: {
        code: program,
        awaits: source.awaits || converted.hasToplevelAwait === true,
        ...(converted.lastExpressionVar === undefined ? {} : { resultName: converted.lastExpressionVar }),
        maps: split.maps,
        modules: [...this.#modules].map(([path, module]) => ({ path, ...module })),
      },
    };
  }

  /** The compiler remembers missing modules, so a new one is created in case the user has installed them. */
  #refresh(): void {
    this.#files.checkForChanges();
    if (!this.#moduleWasMissing) return;
    this.#moduleWasMissing = false;
    this.#converter.close();
    this.#converter = createConverter(this.#folder, this.#files);
  }

  commit(defined?: readonly string[]): void {
    const pending = this.#pending;
    if (!pending) return;
    this.#pending = undefined;
    this.#declarations = defined
      ? keepDefined(this.#declarations, pending.declarations, pending.names, defined)
      : pending.declarations;
  }

  reset(): void {
    this.#pending = undefined;
    this.#declarations = "";
  }

  complete(code: string, position: number): Completions {
    if (parseCellMagic(code)) return { start: position, end: position, matches: [] };
    const { start, end, candidates, original } = this.#converter.complete(this.#declarations, code, position);
    const kinds = new Map(original?.entries.map(({ name, kind }) => [name, kind]));
    const matches = [...new Set(candidates)].map((text) => ({ text, kind: completionKind(kinds.get(text)) }));
    return { start, end, matches };
  }

  inspect(code: string, position: number): QuickInfo | undefined {
    if (parseCellMagic(code)) return undefined;
    for (const at of inspectedPositions(code, position)) {
      const info: ts.QuickInfo | undefined = this.#converter.inspect(this.#declarations, code, at);
      if (!info || isUnknown(info)) continue;
      return {
        signature: ts.displayPartsToString(info.displayParts),
        documentation: ts.displayPartsToString(info.documentation),
        tags: (info.tags ?? []).map(({ name, text }) => ({ name, text: ts.displayPartsToString(text) })),
      };
    }
    return undefined;
  }

  isComplete(code: string): Completeness {
    const magic = parseCellMagic(code);
    if (magic) return magicCompleteness(magic);
    const file = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.Latest, true);
    const errors = syntaxErrors(file);
    const [first] = errors;
    if (!first) return { status: "complete" };
    // More input can only help if the code is correct up to its end.
    const atEnd = (first.start ?? 0) >= code.trimEnd().length;
    const isOpen = UNTERMINATED.has(first.code) || (atEnd && EXPECTED.test(messageOf(first)));
    return isOpen ? { status: "incomplete", indent: nextIndent(code) } : { status: "invalid" };
  }
}

const CANNOT_FIND_MODULE = 2307;

/** The errors of an unterminated template literal and comment. More input can close them. */
const UNTERMINATED = new Set([1010, 1160]);

const EXPECTED = /expected/;

function messageOf({ messageText }: ts.Diagnostic): string {
  return typeof messageText === "string" ? messageText : messageText.messageText;
}

/** TypeScript describes a name that it does not know as `any`. A declared name has its declaration instead. */
function isUnknown({ displayParts }: ts.QuickInfo): boolean {
  return ts.displayPartsToString(displayParts) === "any";
}

/** Makes the parser treat a cell as a module, in which `await` is allowed outside of functions. */
const MODULE_PREFIX = "export {};\n";

function syntaxDiagnostics(code: string): Diagnostic[] {
  const file = ts.createSourceFile("cell.ts", MODULE_PREFIX + code, ts.ScriptTarget.Latest, true);
  const positionOf = (offset: number): Position => {
    const { line, character } = ts.getLineAndCharacterOfPosition(file, offset);
    return { offset: offset - MODULE_PREFIX.length, line: line - 1, column: character };
  };
  return syntaxErrors(file).map((error) => {
    const start = error.start ?? 0;
    return {
      message: messageOf(error),
      code: error.code,
      start: positionOf(start),
      end: positionOf(start + (error.length ?? 0)),
    };
  });
}

function nextIndent(code: string): string {
  const line = code.trimEnd().split("\n").at(-1) ?? "";
  const indent = /^\s*/.exec(line)?.[0] ?? "";
  return /[{([]\s*$/.test(line) ? `${indent}  ` : indent;
}

/** tslab reports each line of a chained message separately. Joins those at the same position into one error. */
function joinMessageChains(diagnostics: readonly tslab.Diagnostic[]): Diagnostic[] {
  const out: Diagnostic[] = [];
  for (const { start, end, messageText, code, fileName } of diagnostics) {
    const last = out.at(-1);
    if (
      last &&
      last.start.offset === start.offset &&
      last.end.offset === end.offset &&
      last.file === fileName
    ) {
      out[out.length - 1] = { ...last, message: `${last.message}\n  ${messageText}` };
      continue;
    }
    out.push({
      message: messageText,
      code,
      start: position(start),
      end: position(end),
      ...(fileName === undefined ? {} : { file: fileName }),
    });
  }
  return out;
}

function position({ offset, line, character }: tslab.DiagnosticPos): Position {
  return { offset, line, column: character };
}

/** The positions to inspect: at the cursor, before it, and the function whose arguments contain the cursor. */
function inspectedPositions(code: string, position: number): number[] {
  const positions = [position, position - 1];
  let depth = 0;
  for (let at = position - 1; at >= 0; at--) {
    const char = code[at];
    if (char === ")") depth++;
    if (char !== "(" || depth-- > 0) continue;
    positions.push(at - 1);
    break;
  }
  return positions.filter((at) => at >= 0 && /[\w$\u0080-\uffff]/.test(code[at] ?? code[at - 1] ?? ""));
}

function completionKind(kind: string | undefined): string {
  switch (kind) {
    case "var":
    case "let":
    case "const":
    case "local var":
    case "parameter":
    case "alias":
      return "variable";
    case "local function":
      return "function";
    case "getter":
    case "setter":
      return "property";
    case undefined:
      return "text";
    default:
      return kind;
  }
}
