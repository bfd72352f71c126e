import * as ts from "@tslab/typescript-for-tslab";
import type * as tslab from "tslab/dist/converter";
import { createConverter, splitMaps } from "./converter";
import { keepDefined, takeExportNames } from "./declarations";
import type {
  Completeness,
  Completions,
  Conversion,
  Diagnostic,
  LanguageEngine,
  Place,
  QuickInfo,
} from "./engine";
import { LocalFiles } from "./local-files";
import { magicCompleteness, magicSource, readMagic } from "./magic";
import { readCell, syntaxErrors } from "./source";

/** The language engine on top of tslab's converter. */
export class TslabEngine implements LanguageEngine {
  private readonly files: LocalFiles;
  private converter: tslab.Converter;
  private stale = false;
  private declarations = "";
  private pending: { readonly declarations: string; readonly names: readonly string[] } | undefined;

  /** @param folder - where imports are resolved from; it has to be the process's working folder. */
  constructor(private readonly folder: string) {
    this.files = new LocalFiles(folder);
    this.converter = createConverter(folder, this.files);
  }

  convert(code: string): Conversion {
    this.pending = undefined;
    this.refresh();
    const magic = readMagic(code);
    const source = readCell(magic ? magicSource(magic) : code);
    const converted = this.converter.convert(this.declarations, source.code);
    if (converted.diagnostics.length > 0) {
      this.stale = converted.diagnostics.some(({ code: number }) => number === CANNOT_FIND_MODULE);
      return { kind: "diagnostics", diagnostics: folded(converted.diagnostics) };
    }
    const whole = splitMaps(converted.output ?? "");
    const { code: program, names } = takeExportNames(whole.code);
    this.pending = { declarations: converted.declOutput ?? "", names };
    return {
      kind: "code",
      program: {
        code: program,
        awaits: source.awaits || converted.hasToplevelAwait === true,
        ...(converted.lastExpressionVar === undefined ? {} : { resultName: converted.lastExpressionVar }),
        maps: whole.maps,
        modules: (converted.sideOutputs ?? []).map(({ path, data }) => ({ path, ...splitMaps(data) })),
      },
    };
  }

  /** The compiler remembers which modules it did not find; who installs one and runs the cell again needs it to look anew. */
  private refresh(): void {
    this.files.look();
    if (!this.stale) return;
    this.stale = false;
    this.converter.close();
    this.converter = createConverter(this.folder, this.files);
  }

  commit(defined?: readonly string[]): void {
    const { pending } = this;
    if (!pending) return;
    this.pending = undefined;
    this.declarations = defined
      ? keepDefined(this.declarations, pending.declarations, pending.names, defined)
      : pending.declarations;
  }

  reset(): void {
    this.pending = undefined;
    this.declarations = "";
  }

  complete(code: string, position: number): Completions {
    if (readMagic(code)) return { start: position, end: position, matches: [] };
    const { start, end, candidates, original } = this.converter.complete(this.declarations, code, position);
    const kinds = new Map(original?.entries.map(({ name, kind }) => [name, kind]));
    const matches = [...new Set(candidates)].map((text) => ({ text, kind: completionKind(kinds.get(text)) }));
    return { start, end, matches };
  }

  inspect(code: string, position: number): QuickInfo | undefined {
    if (readMagic(code)) return undefined;
    for (const at of inspectedPositions(code, position)) {
      const info: ts.QuickInfo | undefined = this.converter.inspect(this.declarations, code, at);
      if (!info) continue;
      return {
        signature: ts.displayPartsToString(info.displayParts),
        documentation: ts.displayPartsToString(info.documentation),
        tags: (info.tags ?? []).map(({ name, text }) => ({ name, text: ts.displayPartsToString(text) })),
      };
    }
    return undefined;
  }

  isComplete(code: string): Completeness {
    const magic = readMagic(code);
    if (magic) return magicCompleteness(magic);
    const file = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.Latest, true);
    const errors = syntaxErrors(file);
    if (errors.length === 0) return { status: "complete" };
    const end = code.trimEnd().length;
    const open = errors.some(({ start, messageText }) => {
      const text = typeof messageText === "string" ? messageText : messageText.messageText;
      return (start ?? 0) >= end && /expected|Unterminated/.test(text);
    });
    const unterminated = errors.some(({ code: number }) => UNTERMINATED.has(number));
    if (!open && !unterminated) return { status: "invalid" };
    return { status: "incomplete", indent: nextIndent(code) };
  }
}

const CANNOT_FIND_MODULE = 2307;

/** Template literal and comment: their error stands where they begin or end, but more input may close them. */
const UNTERMINATED = new Set([1010, 1160]);

function nextIndent(code: string): string {
  const line = code.trimEnd().split("\n").at(-1) ?? "";
  const indent = /^\s*/.exec(line)?.[0] ?? "";
  return /[{([]\s*$/.test(line) ? `${indent}  ` : indent;
}

/** The converter reports each line of a chained message by itself, at the same place: one error again. */
function folded(diagnostics: readonly tslab.Diagnostic[]): Diagnostic[] {
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
      start: place(start),
      end: place(end),
      ...(fileName === undefined ? {} : { file: fileName }),
    });
  }
  return out;
}

function place({ offset, line, character }: tslab.DiagnosticPos): Place {
  return { offset, line, column: character };
}

/** Where to look: at the cursor, just before it, and at the function whose arguments it stands in. */
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
