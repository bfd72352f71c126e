import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import vm from "node:vm";
import type * as tslab from "tslab/dist/converter";
import * as ts from "typescript-classic";
import { Drafts } from "./draft";
import { makeInterruptible } from "./interruptible";
import { convertModuleSyntax } from "./module-syntax";
import { NotebookProgram } from "./notebook-program";
import { moveResultOutOfBlock } from "./result-in-block";
import type { SourceRegistry } from "./source-registry";
import { mountPackages } from "./virtual-files";

/** The source maps pass through tslab, which handles only text, as a comment in the last line of the code. */
const MAPS_COMMENT = "\n//# cellMaps=";
const INLINE_MAP = /\n?\/\/# sourceMappingURL=data:application\/json;base64,([\w+/=]+)\s*$/;

/** Separates a cell's converted code from its source maps. */
export function splitMaps(text: string): { code: string; maps: string[] } {
  const at = text.lastIndexOf(MAPS_COMMENT);
  if (at < 0) return { code: text, maps: [] };
  const maps: unknown = JSON.parse(Buffer.from(text.slice(at + MAPS_COMMENT.length), "base64").toString());
  return {
    code: text.slice(0, at),
    maps: Array.isArray(maps) ? maps.filter((map) => typeof map === "string") : [],
  };
}

/** tslab's converter, and the program that it works on. */
export interface Converter {
  readonly converter: tslab.Converter;
  readonly program: NotebookProgram;
}

/** Checks a cell and its local files. Conversion ends with the errors that it returns. */
export type Check = (program: ts.Program, cell: ts.SourceFile) => readonly ts.Diagnostic[];

export interface ConverterOptions {
  /** The notebook's folder. */
  readonly folder: string;
  readonly options: ts.CompilerOptions;
  /** The files that were parsed with these options. */
  readonly sources: SourceRegistry;
  readonly check: Check;
}

/** Converts ECMAScript code or TypeScript to CommonJS that an interrupt can end, with its source map. */
export function toCommonJs(code: string, options: ts.TranspileOptions): ts.TranspileOutput {
  const converted = ts.transpileModule(code, {
    ...options,
    transformers: { before: [convertModuleSyntax, makeInterruptible] },
  });
  const { outputText, sourceMapText } = converted;
  return {
    ...converted,
    // Cells run in sloppy mode, as in other consoles. An empty line keeps the positions.
    outputText: outputText.replace(/^"use strict";/, "").replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n"),
    ...(sourceMapText === undefined ? {} : { sourceMapText }),
  };
}

/** The names in a node that only look like a reference to a variable. */
function isNameOnly(child: ts.Node, parent: ts.Node): boolean {
  if (!ts.isIdentifier(child)) return false;
  if (ts.isBindingElement(parent)) return child === parent.propertyName;
  if (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isPropertyDeclaration(parent))
    return child === parent.name;
  if (ts.isGetAccessor(parent) || ts.isSetAccessor(parent)) return child === parent.name;
  return false;
}

/**
 * Returns the compiler that tslab uses in place of its own build of an older one. It
 * - uses the options of the notebook, and one language service in place of two programs,
 * - supplies the functions that only tslab's build of the compiler has,
 * - leaves the check of the types to the caller,
 * - keeps source maps through both of tslab's passes,
 * - adds the points at which an interrupt can stop code,
 * - converts `{ x }` correctly when an earlier cell declared `x` (tslab does not handle shorthand properties).
 */
function compilerForCells({ folder, options, sources, check }: ConverterOptions) {
  let notebook: NotebookProgram | undefined;

  const opened = (): NotebookProgram => {
    if (!notebook) throw new Error("tslab created no program");
    return notebook;
  };

  /** tslab needs only these functions of a builder. Its transformers are for cells, so it emits only the cell. */
  const createBuilder = (current: ts.Program, cellFile: string) => ({
    getProgram: () => current,
    getSourceFile: (file: string) => current.getSourceFile(file),
    getAllDependencies: () => [cellFile],
    emit: (
      file: ts.SourceFile | undefined,
      writeFile: ts.WriteFileCallback,
      token: ts.CancellationToken | undefined,
      _declarationsOnly: boolean | undefined,
      transformers: ts.CustomTransformers,
    ) => {
      let declared = false;
      const write: ts.WriteFileCallback = (name, ...rest) => {
        declared ||= name.endsWith(".d.ts");
        writeFile(name, ...rest);
      };
      const result = current.emit(file, write, token, false, transformers);
      // A type that has no name to other modules is an error in a library, but later cells can use it.
      const force: unknown[] = [file, writeFile, token, true, transformers, true];
      if (!declared) Reflect.apply(current.emit, current, force);
      return result;
    },
  });

  const drafts = new Drafts((file) => bind(file, options));

  const createWatchCompilerHost = (
    _rootFiles: readonly string[],
    tslabOptions: ts.CompilerOptions,
    system: ts.System,
  ) => {
    const { globalsFile } = mountPackages(system, folder);
    const { rootDir, outDir } = tslabOptions;
    const paths = {
      ...(rootDir === undefined ? {} : { rootDir }),
      ...(outDir === undefined ? {} : { outDir }),
    };
    notebook = new NotebookProgram(system, folder, { ...options, ...paths }, globalsFile, sources);
    return { system, rootFiles: _rootFiles, afterProgramCreate: undefined };
  };

  /** Creates a new program when tslab has changed the cell, and once at the start. */
  const createWatchProgram = (host: {
    system: ts.System;
    rootFiles: readonly string[];
    afterProgramCreate: ((builder: ReturnType<typeof createBuilder>) => void) | undefined;
  }) => {
    const { system } = host;
    const update = () => {
      const { cellFile } = opened();
      const draft = drafts.next(system.readFile(cellFile) ?? "", opened().scriptKind);
      if (draft) {
        host.afterProgramCreate?.({
          ...createBuilder(opened().program, cellFile),
          getSourceFile: () => draft,
        });
        return;
      }
      const program = opened().forConverter();
      // tslab reads a cell's declared names from `locals`, which the binder sets.
      const cell = program.getSourceFile(cellFile);
      if (cell) bind(cell, program.getCompilerOptions());
      host.afterProgramCreate?.(createBuilder(program, cellFile));
    };
    let scheduled = false;
    const schedule = () => {
      if (scheduled) return;
      scheduled = true;
      system.setTimeout?.(() => {
        scheduled = false;
        update();
      }, 0);
    };
    for (const file of host.rootFiles) system.watchFile?.(file, schedule);
    update();
    return { close: () => opened().close() };
  };

  const transpileModule: typeof ts.transpileModule = (input, { compilerOptions, ...rest }) => {
    const first = INLINE_MAP.exec(input);
    const { outputText, sourceMapText } = toCommonJs(first ? input.slice(0, first.index) : input, {
      ...rest,
      compilerOptions: {
        module: ts.ModuleKind.CommonJS,
        esModuleInterop: true,
        target: options.target ?? ts.ScriptTarget.ES2024,
        newLine: ts.NewLineKind.LineFeed,
        sourceMap: true,
        // Treat files without import and export as modules too: elsewhere `await (x)` calls a function named await.
        moduleDetection: ts.ModuleDetectionKind.Force,
      },
    });
    const maps = [sourceMapText, first?.[1] && Buffer.from(first[1], "base64").toString()].filter(Boolean);
    return { outputText: outputText + MAPS_COMMENT + Buffer.from(JSON.stringify(maps)).toString("base64") };
  };

  const visitEachChild = (node: ts.Node, visitor: ts.Visitor, context: ts.TransformationContext): ts.Node => {
    if (ts.isSourceFile(node)) return moveResultOutOfBlock(ts.visitEachChild(node, visitor, context));
    if (
      ts.isShorthandPropertyAssignment(node) &&
      opened().isEarlier(opened().program.getTypeChecker().getShorthandAssignmentValueSymbol(node))
    ) {
      const { factory } = ts;
      const earlier = factory.createPropertyAccessExpression(factory.createIdentifier("exports"), node.name);
      const initial = ts.visitNode(node.objectAssignmentInitializer, visitor, ts.isExpression);
      return factory.createPropertyAssignment(
        node.name,
        initial ? factory.createAssignment(earlier, initial) : earlier,
      );
    }
    return ts.visitEachChild(node, (child) => (isNameOnly(child, node) ? child : visitor(child)), context);
  };

  return Object.assign({}, ts, {
    sys: { ...ts.sys, getCurrentDirectory: () => folder },
    createWatchCompilerHost,
    createWatchProgram,
    transpileModule,
    visitEachChild,
    getDefaultTypeRoots: () => [],
    getNullTransformationContext: () => nullTransformationContext(),
    getPreEmitDiagnosticsOfFiles: (current: ts.Program, [cell]: readonly ts.SourceFile[]) =>
      cell ? check(current, cell) : [],
    opened,
  });
}

/** Reads a function or value that the compiler's public types do not include. */
function internal(name: string): unknown {
  const value: unknown = Reflect.get(ts, name);
  if (value === undefined) throw new Error(`the compiler has no ${name}`);
  return value;
}

function bind(file: ts.SourceFile, options: ts.CompilerOptions): void {
  const bindSourceFile = internal("bindSourceFile");
  if (typeof bindSourceFile === "function") bindSourceFile(file, options);
}

function nullTransformationContext(): unknown {
  return internal("nullTransformationContext");
}

/** How tslab names its own build of the compiler. */
const COMPILER_OF_TSLAB = "@tslab/typescript-for-tslab";

/** Loads tslab's converter with another compiler than its own. */
function loadTslab(compiler: object): typeof tslab {
  const file = require.resolve("tslab/dist/converter");
  const requireFromTslab = createRequire(file);
  const load = vm.compileFunction(readFileSync(file, "utf8"), ["exports", "require", "__dirname"], {
    filename: file,
  });
  const exports: typeof tslab = Object.create(null);
  load(
    exports,
    (id: string) => (id === COMPILER_OF_TSLAB ? compiler : requireFromTslab(id)),
    path.dirname(file),
  );
  return exports;
}

/** Creates tslab's converter for the cells of a folder. */
export function createConverter(options: ConverterOptions): Converter {
  const compiler = compilerForCells(options);
  return { converter: loadTslab(compiler).createConverter(), program: compiler.opened() };
}
