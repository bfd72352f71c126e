import * as ts from "typescript-classic";

/**
 * tslab converts a cell in two steps. First it asks for the cell's own names, then it adds an `export` of them and
 * converts the result. The first step needs no program: the parsed and bound cell is enough.
 */
export class Drafts {
  readonly #bind: (file: ts.SourceFile) => void;
  /** The text that the second step will have. */
  #expected: string | undefined;

  constructor(bind: (file: ts.SourceFile) => void) {
    this.#bind = bind;
  }

  /** Returns the bound cell for the first step. Returns undefined for the second step, and if it has no names. */
  next(text: string, kind: ts.ScriptKind): ts.SourceFile | undefined {
    if (text === this.#expected) return undefined;
    const file = ts.createSourceFile("draft.ts", text, ts.ScriptTarget.Latest, false, kind);
    this.#bind(file);
    const names = namesOf(file);
    this.#expected = `${text}\nexport {${names.join(", ")}}`;
    return names.length > 0 ? file : undefined;
  }
}

/** The names that a bound file declares. The compiler's public types do not include `locals`. */
function namesOf(file: ts.SourceFile): string[] {
  const locals: unknown = Reflect.get(file, "locals");
  return locals instanceof Map ? [...locals.keys()].map(String) : [];
}
