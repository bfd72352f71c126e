import path from "node:path";
import * as ts from "@tslab/typescript-for-tslab";
import type * as tslab from "tslab/dist/converter";
import { furnish, nodeTypeRoot } from "./house";
import type { LocalFiles } from "./local-files";
import { guardLoops } from "./loop-guard";

/** How the maps travel through tslab, which knows only text: as the last line of the code. */
const MAPS_COMMENT = "\n//# cellMaps=";
const INLINE_MAP = /\n?\/\/# sourceMappingURL=data:application\/json;base64,([\w+/=]+)\s*$/;

/** The file under which tslab keeps what earlier cells declared. */
const EARLIER_CELLS = "__prev__.d.ts";

type Program = ts.BuilderProgram;
type HostArguments = Parameters<typeof ts.createWatchCompilerHost<Program>>;

/** Binds a file alone; the compiler's public types leave the function out. */
function bind(file: ts.SourceFile, options: ts.CompilerOptions): void {
  if (!("bindSourceFile" in ts) || typeof ts.bindSourceFile !== "function") {
    throw new Error("this compiler has no bindSourceFile");
  }
  ts.bindSourceFile(file, options);
}

/** A cell's converted text, apart from its maps. */
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
 * The compiler as tslab sees it. tslab fixes the compiler's options and keeps no source maps; it
 * takes the compiler by `require`, so that is where we hand it one that
 * - reads the types of Node from the kernel's own package and nothing else uninvited,
 * - keeps source maps through both of tslab's passes,
 * - guards loops,
 * - looks at local files before each cell instead of watching them,
 * - writes `{ x }` right when an earlier cell declared `x` (tslab forgets shorthand properties).
 */
function compilerForCells(folder: string, files: LocalFiles): typeof ts {
  let program: Program | undefined;

  function isEarlier(symbol: ts.Symbol | undefined): boolean {
    return (
      symbol?.declarations?.some((d) => path.basename(d.getSourceFile().fileName) === EARLIER_CELLS) ?? false
    );
  }

  /**
   * tslab asks for a builder that tracks which file depends on which, for all library files, twice a
   * cell. A cell's program holds nothing that the cell does not need: all its sources are dependencies.
   */
  const createProgram: ts.CreateProgram<Program> = (...args) => {
    const builder = ts.createAbstractBuilder(...args);
    const whole = builder.getProgram();
    const sources = whole
      .getSourceFiles()
      .filter((file) => !file.isDeclarationFile && !whole.isSourceFileFromExternalLibrary(file));
    builder.getAllDependencies = () => sources.map(({ fileName }) => fileName);
    // tslab reads a cell's declared names from `locals`, which binding makes.
    for (const file of sources) bind(file, whole.getCompilerOptions());
    return builder;
  };

  const createWatchCompilerHost = (...args: HostArguments) => {
    const [rootFiles, options, system, , reportDiagnostic, reportStatus] = args;
    const { globalsFile } = furnish(system, folder);
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
    const { outputText, sourceMapText } = ts.transpileModule(first ? input.slice(0, first.index) : input, {
      ...options,
      compilerOptions: {
        ...options.compilerOptions,
        sourceMap: true,
        // Also without import and export: only in a module is `await (x)` no call of a function named await.
        moduleDetection: ts.ModuleDetectionKind.Force,
      },
      transformers: { before: [guardLoops] },
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

  // tslab has one timer for the compiler; watched folders need a second, and would break the first.
  const sys = { ...ts.sys, watchFile: files.watchFile, watchDirectory: () => ({ close() {} }) };
  return Object.assign({}, ts, { sys, createWatchCompilerHost, transpileModule, visitEachChild });
}

/**
 * tslab's converter for cells of one folder (the process's working folder, as tslab has it).
 * One folder in a process or worker: tslab is loaded once, with the compiler of the first call.
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
