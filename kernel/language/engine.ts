/** The result of converting a cell: a program to run, or its type and syntax errors. */
export type Conversion =
  | {
      readonly kind: "code";
      readonly program: CellProgram;
      /** The type errors of a cell that runs nevertheless. See {@link TypeCheck}. */
      readonly warnings: readonly Diagnostic[];
    }
  | { readonly kind: "diagnostics"; readonly diagnostics: readonly Diagnostic[] };

/** What type errors do: they prevent the cell from running, are shown as warnings, or are ignored. */
export type TypeCheck = "error" | "warn" | "off";

/** Reads the value of the kernel's option `--check`. Returns undefined when it is not valid. */
export function readTypeCheck(value: unknown): TypeCheck | undefined {
  return value === "error" || value === "warn" || value === "off" ? value : undefined;
}

/** A converted cell, ready to be run. */
export interface CellProgram {
  /**
   * CommonJS code. Run it in a function with the parameters `exports`, `require`, {@link LOOP_GUARD},
   * {@link AWAIT_GUARD}, {@link DYNAMIC_IMPORT} and {@link IMPORT_META}.
   */
  readonly code: string;
  /** The modules that the code imports statically. */
  readonly imports: readonly Import[];
  /** Whether the function has to be async. */
  readonly awaits: boolean;
  /** The export that holds the value of the last expression, when the cell ends with one. */
  readonly resultName?: string;
  /** Source maps from `code` back to the cell, to be applied one after the other. */
  readonly maps: readonly string[];
  /** The local files that cells have imported, converted. */
  readonly modules: readonly LocalModule[];
}

/** A module that code imports. */
export interface Import {
  /** As written in the code. */
  readonly id: string;
  /** The absolute path, when it is a local file. */
  readonly file?: string;
}

/** A converted local file. */
export interface LocalModule {
  /** The absolute path of the source. */
  readonly path: string;
  readonly code: string;
  readonly imports: readonly Import[];
  readonly maps: readonly string[];
}

/** The function that converted loops call, so that an interrupt can end them with an ordinary exception. */
export const LOOP_GUARD = "__cellGuard";

/** The function that receives every awaited value, so that an interrupt can end the `await` with an exception. */
export const AWAIT_GUARD = "__cellAwait";

/** The function that replaces `import(…)`. */
export const DYNAMIC_IMPORT = "__cellImport";

/** The object that replaces `import.meta`. */
export const IMPORT_META = "__cellMeta";

/** A type or syntax error. */
export interface Diagnostic {
  readonly message: string;
  /** TypeScript's number of the error, as in TS2322. */
  readonly code: number;
  readonly start: Position;
  readonly end: Position;
  /** The file with the error, relative to the notebook's folder; default: the cell. */
  readonly file?: string;
}

/** A position in source text. All three numbers are zero-based and count UTF-16 code units. */
export interface Position {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** The completions at a position. */
export interface Completions {
  /** The start of the range that a match replaces, in UTF-16 code units. */
  readonly start: number;
  /** The end of that range, in UTF-16 code units. */
  readonly end: number;
  /** The matches; `kind` is one of Jupyter's completion kinds, such as `function`. */
  readonly matches: readonly { readonly text: string; readonly kind: string }[];
}

/** The description of a name. */
export interface QuickInfo {
  /** The declaration, as TypeScript prints it. */
  readonly signature: string;
  readonly documentation: string;
  /** JSDoc tags, such as `param`. */
  readonly tags: readonly { readonly name: string; readonly text: string }[];
}

/** Whether code can be run as it is, for consoles: `incomplete` code needs more lines, `invalid` code stays wrong. */
export type Completeness =
  | { readonly status: "complete" }
  | { readonly status: "incomplete"; readonly indent: string }
  | { readonly status: "invalid" };

/**
 * Everything that the kernel needs from a language. It hides the compiler, so that the compiler can be replaced.
 * An engine remembers what earlier cells declared.
 */
export interface LanguageEngine {
  /** Checks and converts a cell. Its declarations take effect only after {@link commit}. */
  convert(code: string): Conversion;
  /**
   * Adds the declarations of the last converted cell to those of earlier cells. Call it after the cell has run.
   *
   * @param defined - the names that received a value, when the cell ended early; default: all of them.
   */
  commit(defined?: readonly string[]): void;
  /** Forgets all declarations. Call it when a new executor starts. */
  reset(): void;
  /**
   * Loads the types of a package. From then on its names are completed, and errors about them say how to import them.
   * Call it when no cell is between {@link convert} and {@link commit}.
   */
  learnPackage(name: string): void;
  /** Completes code at a position, in UTF-16 code units. */
  complete(code: string, position: number): Completions;
  /** Describes the name at a position, in UTF-16 code units. Returns undefined when there is none. */
  inspect(code: string, position: number): QuickInfo | undefined;
  /** Whether the code can be run as it is. */
  isComplete(code: string): Completeness;
}
