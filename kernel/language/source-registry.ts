import * as ts from "typescript-classic";

const ALL = ts.JSDocParsingMode.ParseAll;

/** Whether a file declares the types of a package or of the language. */
export function isLibrary(file: string): boolean {
  return file.includes("/node_modules/") && /\.d\.[mc]?ts$/.test(file);
}

type Parameters_ = Parameters<ts.DocumentRegistry["acquireDocumentWithKey"]>;

/**
 * The parsed files, one for each path. A language service asks for each file of the program before every cell, so
 * this does less than TypeScript's own registry, which serves many services with different options.
 */
export class SourceRegistry implements ts.DocumentRegistry {
  /**
   * Whether the documentation in library files is parsed. It takes a fifth of the time of the first program, and only
   * editor help needs it. After a change, the versions of these files have to change, too.
   */
  documented = false;
  readonly #files = new Map<string, { readonly file: ts.SourceFile; readonly version: string }>();

  readonly acquireDocumentWithKey: ts.DocumentRegistry["acquireDocumentWithKey"] = (...args: Parameters_) => {
    const [fileName, , , , snapshot, version, kind, options] = args;
    const known = this.#files.get(fileName);
    if (known?.version === version) return known.file;
    const given = options ?? ts.ScriptTarget.ES2024;
    const mode = this.documented || !isLibrary(fileName) ? ALL : ts.JSDocParsingMode.ParseNone;
    const settings = typeof given === "object" ? { ...given, jsDocParsingMode: mode } : given;
    const file = ts.createLanguageServiceSourceFile(fileName, snapshot, settings, version, false, kind);
    this.#files.set(fileName, { file, version });
    return file;
  };

  readonly updateDocumentWithKey = this.acquireDocumentWithKey;

  acquireDocument(): ts.SourceFile {
    throw new Error("a language service acquires files with a key");
  }

  updateDocument(): ts.SourceFile {
    throw new Error("a language service updates files with a key");
  }

  getKeyForCompilationSettings(): ts.DocumentRegistryBucketKey {
    return KEY;
  }

  /** Keeps the file: the next cell may import it again. */
  releaseDocument(): void {}

  releaseDocumentWithKey(): void {}

  reportStats(): string {
    return `${this.#files.size} files`;
  }
}

const KEY = ts.createDocumentRegistry().getKeyForCompilationSettings({});
