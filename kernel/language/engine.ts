/** What a cell's code became. */
export type Conversion =
  | { readonly kind: "code"; readonly program: CellProgram }
  | { readonly kind: "diagnostics"; readonly diagnostics: readonly Diagnostic[] };

/** A converted cell, ready to be run. */
export interface CellProgram {
  /** CommonJS, to be wrapped in a function of `exports`, `require` and {@link LOOP_GUARD}. */
  readonly code: string;
  /** True when the function has to be async. */
  readonly awaits: boolean;
  /** The export that holds the value of the last expression, when the cell ends with one. */
  readonly resultName?: string;
  /** From `code` back to the cell: source maps to be applied one after the other. */
  readonly maps: readonly string[];
  /** Local TypeScript files that the cell imports, converted: absolute path (`.js`) and code. */
  readonly modules: readonly {
    readonly path: string;
    readonly code: string;
    readonly maps: readonly string[];
  }[];
}

/** The function that converted loops call, so that an interrupt can end them by an ordinary exception. */
export const LOOP_GUARD = "__cellGuard";

/** A type or syntax error. Positions are zero-based, in UTF-16 units. */
export interface Diagnostic {
  readonly message: string;
  readonly code: number;
  readonly start: Place;
  readonly end: Place;
  /** Set when the error is in another file, relative to the notebook's folder. */
  readonly file?: string;
}

export interface Place {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

export interface Completions {
  /** The range that a match replaces, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  readonly matches: readonly { readonly text: string; readonly kind: string }[];
}

export interface QuickInfo {
  /** The declaration, as TypeScript prints it. */
  readonly signature: string;
  readonly documentation: string;
  readonly tags: readonly { readonly name: string; readonly text: string }[];
}

export type Completeness =
  | { readonly status: "complete" }
  | { readonly status: "incomplete"; readonly indent: string }
  | { readonly status: "invalid" };

/**
 * All that the kernel needs of a language: so that the engine behind it can be exchanged.
 * An engine remembers what earlier cells declared.
 */
export interface LanguageEngine {
  /** Checks and converts a cell. What it declares counts only after {@link commit}. */
  convert(code: string): Conversion;
  /**
   * The last converted cell has run.
   * @param defined - the names that received a value, when the cell ended early; default: all of them.
   */
  commit(defined?: readonly string[]): void;
  /** Forgets all declarations, for an executor that starts afresh. */
  reset(): void;
  complete(code: string, position: number): Completions;
  inspect(code: string, position: number): QuickInfo | undefined;
  isComplete(code: string): Completeness;
}
