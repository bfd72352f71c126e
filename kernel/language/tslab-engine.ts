import * as ts from "typescript-classic";
import { magicCompleteness, magicSource, parseCellMagic } from "./cell-magic";
import { readCell } from "./cell-source";
import { type NotebookOptions, optionsChanged, readOptions } from "./compiler-options";
import { completenessOf } from "./completeness";
import { completeName, type Importable } from "./completion";
import { type Check, type Converter, createConverter, splitMaps } from "./converter";
import { keepDefined, takeExportNames } from "./declarations";
import { describe, type Findings, findErrors, syntaxDiagnostics } from "./diagnostics";
import type {
  Completeness,
  Completions,
  Conversion,
  Diagnostic,
  LanguageEngine,
  QuickInfo,
  TypeCheck,
} from "./engine";
import { LocalModules } from "./local-modules";
import { describeAt } from "./quick-info";
import { SourceRegistry } from "./source-registry";

const CANNOT_FIND_MODULE = 2307;

/** A language engine that uses tslab's converter, on a current compiler. */
export class TslabEngine implements LanguageEngine {
  readonly #folder: string;
  readonly #check: TypeCheck;
  #notebook: NotebookOptions;
  #modules: LocalModules;
  #sources = new SourceRegistry();
  #converter: Converter;
  #moduleWasMissing = false;
  #declarations = "";
  /** What the bundled packages export. */
  readonly #bundled = new Map<string, Importable>();
  #pending: { readonly declarations: string; readonly names: readonly string[] } | undefined;
  /** Whether the cell that is being converted has its types checked. */
  #checked = true;
  #findings: Findings = { syntax: [], types: [] };

  /**
   * @param folder - where imports are resolved from.
   * @param check - what type errors do; default: they prevent the cell from running.
   */
  constructor(folder: string, check: TypeCheck = "error") {
    this.#folder = folder;
    this.#check = check;
    this.#notebook = readOptions(folder);
    this.#modules = new LocalModules(this.#notebook.options);
    this.#converter = this.#createConverter();
  }

  convert(code: string): Conversion {
    this.#pending = undefined;
    this.#refresh();
    const { errors } = this.#notebook;
    if (errors.length > 0)
      return { kind: "diagnostics", diagnostics: errors.map((error) => this.#describe(error)) };
    const magic = parseCellMagic(code);
    const kind = this.#converter.program.scriptKind;
    const source = readCell(magic ? magicSource(magic) : code, kind);
    const syntax = syntaxDiagnostics(source.code, kind);
    if (syntax.length > 0) return { kind: "diagnostics", diagnostics: syntax };
    this.#checked = this.#check !== "off" && !source.unchecked;
    const { converter, program } = this.#converter;
    const converted = converter.convert(this.#declarations, source.code);
    const { types } = this.#findings;
    this.#moduleWasMissing = types.some(({ code: number }) => number === CANNOT_FIND_MODULE);
    const found = types.map((error) => this.#describe(error));
    if (converted.diagnostics.length > 0) {
      const diagnostics = [...this.#findings.syntax.map((error) => this.#describe(error)), ...found];
      return { kind: "diagnostics", diagnostics };
    }
    const split = splitMaps(converted.output ?? "");
    const { code: compiled, names } = takeExportNames(split.code);
    this.#pending = { declarations: converted.declOutput ?? "", names };
    return {
      kind: "code",
      warnings: found,
      program: {
        code: compiled,
        imports: this.#modules.importsOf(compiled, program.cellFile),
        awaits: source.awaits,
        ...(converted.lastExpressionVar === undefined ? {} : { resultName: converted.lastExpressionVar }),
        maps: split.maps,
        modules: this.#modules.update(program.program, program.cellFile),
      },
    };
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

  learnPackage(name: string): void {
    this.#sources.documented = true;
    this.convert(`import * as bundled from "${name}"; console.log(Object.keys(bundled));`);
    this.#pending = undefined;
    const { program, cellFile } = this.#converter.program;
    const [statement] = program.getSourceFile(cellFile)?.statements.filter(ts.isImportDeclaration) ?? [];
    const module = statement && program.getTypeChecker().getSymbolAtLocation(statement.moduleSpecifier);
    for (const exported of module ? program.getTypeChecker().getExportsOfModule(module) : [])
      this.#bundled.set(exported.name, { package: name, kind: kindOf(program.getTypeChecker(), exported) });
  }

  complete(code: string, position: number): Completions {
    if (parseCellMagic(code)) return { start: position, end: position, matches: [] };
    const { program } = this.#converter;
    program.forEditor({ declarations: this.#declarations, code });
    return completeName(program, code, position, this.#bundled);
  }

  inspect(code: string, position: number): QuickInfo | undefined {
    if (parseCellMagic(code)) return undefined;
    this.#sources.documented = true;
    const { program } = this.#converter;
    program.forEditor({ declarations: this.#declarations, code });
    return describeAt(program, code, position);
  }

  isComplete(code: string): Completeness {
    const magic = parseCellMagic(code);
    return magic ? magicCompleteness(magic) : completenessOf(code, this.#converter.program.scriptKind);
  }

  /** The compiler remembers missing modules, so a new one is created in case the user has installed them. */
  #refresh(): void {
    const changed = optionsChanged(this.#notebook);
    if (!changed && !this.#moduleWasMissing) return;
    this.#moduleWasMissing = false;
    this.#converter.converter.close();
    if (changed) {
      this.#notebook = readOptions(this.#folder);
      this.#modules = new LocalModules(this.#notebook.options);
      this.#sources = new SourceRegistry();
    }
    this.#converter = this.#createConverter();
  }

  #createConverter(): Converter {
    const check: Check = (program) => {
      this.#findings = findErrors(program, this.#checked);
      const { syntax, types } = this.#findings;
      return this.#check === "error" ? [...syntax, ...types] : syntax;
    };
    return createConverter({
      folder: this.#folder,
      options: this.#notebook.options,
      sources: this.#sources,
      check,
    });
  }

  #describe(diagnostic: ts.Diagnostic): Diagnostic {
    const described = describe(diagnostic, {
      folder: this.#folder,
      cellFile: this.#converter.program.cellFile,
    });
    const name = UNKNOWN_NAME.has(described.code) ? /'([^']+)'/.exec(described.message)?.[1] : undefined;
    const found = name === undefined ? undefined : this.#bundled.get(name);
    if (!found) return described;
    return {
      ...described,
      message: `${described.message}\n  Import it: import { ${name} } from "${found.package}";`,
    };
  }
}

/** "Cannot find name", with and without a suggestion, and "Cannot find namespace". */
const UNKNOWN_NAME = new Set([2304, 2552, 2503]);

function kindOf(checker: ts.TypeChecker, exported: ts.Symbol): string {
  const { flags } = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  if (flags & ts.SymbolFlags.Class) return "class";
  if (flags & ts.SymbolFlags.Function) return "function";
  return flags & ts.SymbolFlags.Value ? "variable" : "interface";
}
