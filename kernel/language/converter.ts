import path from "node:path";
import * as ts from "@tslab/typescript-for-tslab";
import type * as tslab from "tslab/dist/converter";
import { makeInterruptible } from "./interruptible";
import type { LocalFiles } from "./local-files";
import { mountPackages, nodeTypeRoot } from "./virtual-files";

/** The source maps pass through tslab, which handles only text, as a comment in the last line of the code. */
const MAPS_COMMENT = "\n//# cellMaps=";
const INLINE_MAP = /\n?\/\/# sourceMappingURL=data:application\/json;base64,([\w+/=]+)\s*$/;

/** The file in which tslab keeps the declarations of earlier cells. */
const EARLIER_CELLS = "__prev__.d.ts";

/** The file in which tslab keeps the cell. */
const CELL = "__tslab__.ts";

/** Marks the code of a local file that is already a CommonJS module. */
const COMMONJS_COMMENT = "//# commonjs\n";

/** Whether a JavaScript file uses `module.exports` or `exports`. The compiler's public types do not include this. */
function isCommonJs(file: ts.SourceFile): boolean {
  return "commonJsModuleIndicator" in file && file.commonJsModuleIndicator !== undefined;
}

type Program = ts.BuilderProgram;
type HostArguments = Parameters<typeof ts.createWatchCompilerHost<Program>>;

/** Binds one file. The compiler's public types do not include this function. */
function bind(file: ts.SourceFile, options: ts.CompilerOptions): void {
  if (!("bindSourceFile" in ts) || typeof ts.bindSourceFile !== "function") {
    throw new Error("the compiler has no function bindSourceFile");
  }
  ts.bindSourceFile(file, options);
}

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

/**
 * Returns the compiler that tslab uses. tslab hard-codes the compiler's options and drops source maps, but it
 * loads the compiler with `require`, so the kernel can replace it. This one
 * - reads the types of Node from the kernel's own package, and no other types without an import,
 * - keeps source maps through both of tslab's passes,
 * - adds the points at which an interrupt can stop code,
 * - checks local files for changes before each cell instead of watching them,
 * - converts `{ x }` correctly when an earlier cell declared `x` (tslab does not handle shorthand properties).
 */
function compilerForCells(folder: string, files: LocalFiles): typeof ts {
  let program: Program | undefined;

  function isEarlier(symbol: ts.Symbol | undefined): boolean {
    return (
      symbol?.declarations?.some((d) => path.basename(d.getSourceFile().fileName) === EARLIER_CELLS) ?? false
    );
  }

  /**
   * tslab uses a builder that tracks the dependencies between all files, including library files, twice for
   * each cell. That is not needed: every source file of a cell's program is a dependency of the cell.
   */
  const createProgram: ts.CreateProgram<Program> = (...args) => {
    const builder = ts.createAbstractBuilder(...args);
    const built = builder.getProgram();
    const sources = built
      .getSourceFiles()
      .filter((file) => !file.isDeclarationFile && !built.isSourceFileFromExternalLibrary(file));
    builder.getAllDependencies = () => sources.map(({ fileName }) => fileName);
    // tslab's transformers are for cells. In a local file they would change its syntax tree and its exports.
    const emit = builder.emit;
    builder.emit = (file, writeFile, token, declarationsOnly, transformers) => {
      if (!file || path.basename(file.fileName) === CELL)
        return emit.call(builder, file, writeFile, token, declarationsOnly, transformers);
      const write: ts.WriteFileCallback = (name, text, ...rest) =>
        writeFile?.(name, isCommonJs(file) && name.endsWith(".js") ? COMMONJS_COMMENT + text : text, ...rest);
      return emit.call(builder, file, write, token, declarationsOnly, undefined);
    };
    // tslab reads a cell's declared names from `locals`, which the binder sets.
    for (const file of sources) bind(file, built.getCompilerOptions());
    return builder;
  };

  const createWatchCompilerHost = (...args: HostArguments) => {
    const [rootFiles, options, system, , reportDiagnostic, reportStatus] = args;
    const { globalsFile } = mountPackages(system, folder);
    const host = ts.createWatchCompilerHost<Program>(
      [...rootFiles, globalsFile],
      {
        ...options,
        lib: ["lib.es2023.d.ts"],
        types: ["node"],
        typeRoots: [nodeTypeRoot()],
        inlineSourceMap: true,
      },
      system,
      createProgram,
      reportDiagnostic,
      reportStatus,
    );
    let created = host.afterProgramCreate;
    Object.defineProperty(host, "afterProgramCreate", {
      set: (callback: typeof created) => {
        created = callback;
      },
      get: () => (next: Program) => {
        program = next;
        created?.(next);
      },
    });
    return host;
  };

  const transpileModule: typeof ts.transpileModule = (input, options) => {
    const first = INLINE_MAP.exec(input);
    const keepsModule = input.startsWith(COMMONJS_COMMENT);
    const { outputText, sourceMapText } = ts.transpileModule(first ? input.slice(0, first.index) : input, {
      ...options,
      compilerOptions: {
        ...options.compilerOptions,
        ...(keepsModule ? { module: ts.ModuleKind.ESNext } : {}),
        sourceMap: true,
        // Treat files without import and export as modules too: elsewhere `await (x)` calls a function named await.
        moduleDetection: keepsModule ? ts.ModuleDetectionKind.Legacy : ts.ModuleDetectionKind.Force,
      },
      transformers: { before: [makeInterruptible] },
    });
    const maps = [sourceMapText, first?.[1] && Buffer.from(first[1], "base64").toString()].filter(Boolean);
    const code = outputText.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n");
    return { outputText: code + MAPS_COMMENT + Buffer.from(JSON.stringify(maps)).toString("base64") };
  };

  const visitEachChild = (node: ts.Node, visitor: ts.Visitor, context: ts.TransformationContext) => {
    if (
      ts.isShorthandPropertyAssignment(node) &&
      isEarlier(program?.getProgram().getTypeChecker().getShorthandAssignmentValueSymbol(node))
    ) {
      const { factory } = ts;
      const earlier = factory.createPropertyAccessExpression(factory.createIdentifier("exports"), node.name);
      const initial = ts.visitNode(node.objectAssignmentInitializer, visitor, ts.isExpression);
      return factory.createPropertyAssignment(
        node.name,
        initial ? factory.createAssignment(earlier, initial) : earlier,
      );
    }
    return ts.visitEachChild(node, visitor, context);
  };

  // tslab supports only one timer of the compiler. Watched folders would need a second one.
  const sys = { ...ts.sys, watchFile: files.watchFile, watchDirectory: () => ({ close() {} }) };
  return Object.assign({}, ts, { sys, createWatchCompilerHost, transpileModule, visitEachChild });
}

/**
 * Creates tslab's converter for cells in a folder, which must be the working directory of the process.
 * A process or worker can serve only one folder, because tslab is loaded once, with the compiler of the first call.
 */
export function createConverter(folder: string, files: LocalFiles): tslab.Converter {
  const id = require.resolve("@tslab/typescript-for-tslab");
  const loaded = require.cache[id];
  if (!loaded) throw new Error("the compiler is not loaded");
  const plain: unknown = loaded.exports;
  loaded.exports = compilerForCells(folder, files);
  try {
    const converter: typeof tslab = require("tslab/dist/converter");
    return converter.createConverter();
  } finally {
    loaded.exports = plain;
  }
}
