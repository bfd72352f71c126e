import { statSync } from "node:fs";
import path from "node:path";
import * as ts from "typescript-classic";
import { isLibrary, type SourceRegistry } from "./source-registry";

/** The file in which tslab keeps the cell. */
const CELL = "__tslab__.ts";

/** The file in which tslab keeps the declarations of earlier cells. */
const EARLIER_CELLS = "__prev__.d.ts";

/** tslab puts this line before the cell and before the declarations, so that TypeScript treats them as modules. */
export const MODULE_PREFIX = "export {};\n";

/** The code of a cell and the declarations of earlier cells. */
interface Content {
  readonly declarations: string;
  readonly code: string;
}

/**
 * The program that the compiler sees: the cell, the declarations of earlier cells, and everything that they import.
 * A language service holds it, so that conversion, completion and inspection share the parsed files.
 */
export class NotebookProgram {
  readonly service: ts.LanguageService;
  readonly cellFile: string;
  readonly scriptKind: ts.ScriptKind;
  readonly #declarationsFile: string;
  readonly #system: ts.System;
  readonly #sources: SourceRegistry;
  /** How often the cell or a local file may have changed. */
  #updates = 0;
  /** The code that an editor request asks about; undefined when it is the converter's. */
  #asked: Content | undefined;
  /** The text and version of the two files that exist only in memory. */
  readonly #memory = new Map<string, { readonly text: string; readonly version: number }>();

  readonly #snapshots = new Map<
    string,
    { readonly version: string; readonly snapshot: ts.IScriptSnapshot }
  >();

  /** @param system - the file system that tslab made, which contains the cell. */
  constructor(
    system: ts.System,
    folder: string,
    options: ts.CompilerOptions,
    globalsFile: string,
    sources: SourceRegistry,
  ) {
    this.#system = system;
    this.#sources = sources;
    // JSX is an option, because it changes the meaning of `<T>`.
    this.scriptKind = options.jsx === undefined ? ts.ScriptKind.TS : ts.ScriptKind.TSX;
    this.cellFile = path.posix.join(folder, CELL);
    this.#declarationsFile = path.posix.join(folder, EARLIER_CELLS);
    const roots = [this.#declarationsFile, this.cellFile, globalsFile];
    const resolutions = ts.createModuleResolutionCache(folder, (name) => name, options);
    const host: ts.LanguageServiceHost & { getModuleResolutionCache(): ts.ModuleResolutionCache } = {
      getProjectVersion: () => String(this.#updates),
      // The program keeps what it knows of a package's package.json only in a cache of its host.
      getModuleResolutionCache: () => resolutions,
      resolveModuleNameLiterals: (literals, importer, redirect, settings, file) =>
        literals.map((literal) => {
          const mode = ts.getModeForUsageLocation(file, literal, settings);
          return ts.resolveModuleName(literal.text, importer, settings, host, resolutions, redirect, mode);
        }),
      getCompilationSettings: () => options,
      getScriptFileNames: () => roots,
      getScriptVersion: (file) => this.#version(file),
      getScriptSnapshot: (file) => this.#snapshot(file),
      getScriptKind: (file) => (file === this.cellFile ? this.scriptKind : ts.ScriptKind.Unknown),
      getCurrentDirectory: () => folder,
      getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
      useCaseSensitiveFileNames: () => true,
      fileExists: (file) => this.#memory.has(file) || system.fileExists(file),
      readFile: (file, encoding) => this.#read(file, encoding),
      directoryExists: (directory) => system.directoryExists(directory),
      getDirectories: (directory) => system.getDirectories(directory),
      readDirectory: (...args) => system.readDirectory(...args),
      ...(system.realpath ? { realpath: system.realpath } : {}),
    };
    this.service = ts.createLanguageService(host, sources);
  }

  /** The program for the cell that the converter handles. */
  forConverter(): ts.Program {
    this.#asked = undefined;
    return this.#update();
  }

  /** Returns the program with the cell that an editor asks about. To get an offset in its file, add the length of
   * {@link MODULE_PREFIX} to the offset in the cell. */
  forEditor(content: Content): ts.Program {
    this.#asked = content;
    return this.#update();
  }

  /** The program as it was last asked for. */
  get program(): ts.Program {
    const program = this.service.getProgram();
    if (!program) throw new Error("the language service has no program");
    return program;
  }

  /** Whether a file is the cell or a local file that it imports: neither a package nor a declaration. */
  static isLocal(program: ts.Program, file: ts.SourceFile): boolean {
    return !file.isDeclarationFile && !program.isSourceFileFromExternalLibrary(file);
  }

  /** Whether a symbol was declared by an earlier cell. */
  isEarlier(symbol: ts.Symbol | undefined): boolean {
    return symbol?.declarations?.some((d) => d.getSourceFile().fileName === this.#declarationsFile) ?? false;
  }

  close(): void {
    this.service.dispose();
  }

  #update(): ts.Program {
    this.#updates++;
    for (const file of [this.cellFile, this.#declarationsFile]) {
      const text = this.#content(file);
      const known = this.#memory.get(file);
      if (known?.text !== text) this.#memory.set(file, { text, version: (known?.version ?? 0) + 1 });
    }
    const { program } = this;
    const cell = program.getSourceFile(this.cellFile);
    const declarations = program.getSourceFile(this.#declarationsFile);
    if (!cell || !declarations) throw new Error("the compiler has no program for the cell");
    // tslab does the same: names that the cell does not declare are looked up in the declarations of earlier cells.
    Reflect.set(cell, "parent", declarations);
    return program;
  }

  #content(file: string): string {
    const asked = this.#asked;
    if (!asked) return this.#system.readFile(file) ?? "";
    return MODULE_PREFIX + (file === this.cellFile ? asked.code : asked.declarations);
  }

  #read(file: string, encoding?: string): string | undefined {
    return this.#memory.get(file)?.text ?? this.#system.readFile(file, encoding);
  }

  /** The language service asks for the text of every file before each cell, also of those that have not changed. */
  #snapshot(file: string): ts.IScriptSnapshot | undefined {
    const version = this.#version(file);
    const known = this.#snapshots.get(file);
    if (known?.version === version) return known.snapshot;
    const text = this.#read(file);
    if (text === undefined) return undefined;
    const snapshot = ts.ScriptSnapshot.fromString(text);
    this.#snapshots.set(file, { version, snapshot });
    return snapshot;
  }

  /** Local files are checked for changes before each cell. Packages rarely change while a kernel runs. */
  #version(file: string): string {
    const memory = this.#memory.get(file);
    if (memory) return String(memory.version);
    if (isLibrary(file)) return this.#sources.documented ? "documented" : "1";
    if (file.includes("/node_modules/")) return "1";
    const status = statSync(file, { throwIfNoEntry: false });
    return status ? `${status.mtimeMs}/${status.size}` : "0";
  }
}
