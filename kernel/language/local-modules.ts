import path from "node:path";
import * as ts from "typescript-classic";
import { toCommonJs } from "./converter";
import type { Import, LocalModule } from "./engine";
import { dynamicImports, staticImports } from "./module-syntax";
import { NotebookProgram } from "./notebook-program";

/** Whether a JavaScript file uses `module.exports` or `exports`. The compiler's public types do not include this. */
function isCommonJs(file: ts.SourceFile): boolean {
  return "commonJsModuleIndicator" in file && file.commonJsModuleIndicator !== undefined;
}

/** The local files that cells have imported, converted. */
export class LocalModules {
  readonly #options: ts.CompilerOptions;
  readonly #modules = new Map<string, { readonly text: string; readonly module: LocalModule }>();

  constructor(options: ts.CompilerOptions) {
    this.#options = options;
  }

  /** Converts the files that are new or have changed. Returns all files that cells have imported so far. */
  update(program: ts.Program, cellFile: string): LocalModule[] {
    for (const file of program.getSourceFiles()) {
      if (!NotebookProgram.isLocal(program, file) || file.fileName === cellFile) continue;
      if (file.fileName.endsWith(".json") || this.#modules.get(file.fileName)?.text === file.text) continue;
      this.#modules.set(file.fileName, { text: file.text, module: this.#convert(file) });
    }
    return [...this.#modules.values()].map(({ module }) => module);
  }

  /** The imports of converted code. A dynamic import is among them only if it is of a local file. */
  importsOf(code: string, importer: string): Import[] {
    const dynamic = this.#resolve(dynamicImports(code), importer).filter(({ file }) => file !== undefined);
    return [...this.#resolve(staticImports(code), importer), ...dynamic];
  }

  #resolve(ids: readonly string[], importer: string): Import[] {
    return ids.map((id) => {
      const mayBeLocal = /^[./#]/.test(id) || this.#options.paths !== undefined;
      if (!mayBeLocal) return { id };
      const { resolvedModule } = ts.resolveModuleName(id, importer, this.#options, ts.sys);
      const local =
        resolvedModule && !resolvedModule.isExternalLibraryImport && !isDeclaration(resolvedModule);
      return local ? { id, file: path.resolve(resolvedModule.resolvedFileName) } : { id };
    });
  }

  #convert(file: ts.SourceFile): LocalModule {
    const keepsModule = isCommonJs(file);
    const { outputText, sourceMapText } = toCommonJs(file.text, {
      // TypeScript always converts .mts to an ES module and .cts to CommonJS. Without the letter it follows the options.
      fileName: file.fileName.replace(/\.[mc](?=[jt]s$)/, "."),
      compilerOptions: {
        ...this.#options,
        declaration: false,
        inlineSourceMap: false,
        sourceMap: true,
        module: keepsModule ? ts.ModuleKind.ESNext : ts.ModuleKind.CommonJS,
        // Elsewhere than in modules, `await (x)` calls a function named await.
        moduleDetection: keepsModule ? ts.ModuleDetectionKind.Legacy : ts.ModuleDetectionKind.Force,
      },
    });
    return {
      path: file.fileName,
      code: outputText,
      imports: this.importsOf(outputText, file.fileName),
      maps: sourceMapText === undefined ? [] : [sourceMapText],
    };
  }
}

function isDeclaration({ extension }: ts.ResolvedModuleFull): boolean {
  return extension === ts.Extension.Dts || extension === ts.Extension.Dmts || extension === ts.Extension.Dcts;
}
