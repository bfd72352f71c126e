import * as ts from "typescript-classic";

/** A cell's code for the converter. Every character keeps its position. */
export interface CellSource {
  readonly code: string;
  /** Whether there is an `await`, `for await` or `await using` outside of functions. */
  readonly awaits: boolean;
  /** Whether a comment `// @ts-nocheck` before the first statement turns the check of the types off. */
  readonly unchecked: boolean;
}

/**
 * Prepares a cell for the converter. A cell exports nothing, so `export const x` (pasted from a module) means
 * `const x`. The modifier is replaced with spaces, so that positions do not change.
 */
export function readCell(code: string, kind: ts.ScriptKind): CellSource {
  // Outside of a module, `await (x)` would be a call of a function named await.
  const file = ts.createSourceFile("cell.ts", `${code}\nexport {};`, ts.ScriptTarget.Latest, true, kind);
  let text = code;
  for (const statement of file.statements) {
    const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
    const exported = modifiers?.find(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    const isDefault = modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword);
    if (!exported || isDefault) continue;
    const start = exported.getStart(file);
    text = `${text.slice(0, start)}${" ".repeat(exported.end - start)}${text.slice(exported.end)}`;
  }
  const start = code.slice(0, file.statements[0]?.getStart(file) ?? code.length);
  return { code: text, awaits: awaitsOutside(file), unchecked: /^\s*\/\/+\s*@ts-nocheck\b/m.test(start) };
}

function awaitsOutside(node: ts.Node): boolean {
  if (ts.isAwaitExpression(node)) return true;
  if (ts.isForOfStatement(node) && node.awaitModifier) return true;
  if (ts.isVariableDeclarationList(node) && isAwaitUsing(node)) return true;
  if (ts.isFunctionLike(node) || ts.isModuleDeclaration(node)) return false;
  if (ts.isClassStaticBlockDeclaration(node)) return false;
  return ts.forEachChild(node, (child) => awaitsOutside(child) || undefined) ?? false;
}

function isAwaitUsing({ flags }: ts.VariableDeclarationList): boolean {
  return (flags & ts.NodeFlags.AwaitUsing) === ts.NodeFlags.AwaitUsing;
}

/** Returns the syntax errors of a parsed file. The compiler's public types do not include `parseDiagnostics`. */
export function syntaxErrors(file: ts.SourceFile): readonly ts.Diagnostic[] {
  const found: unknown = "parseDiagnostics" in file ? file.parseDiagnostics : undefined;
  return Array.isArray(found) ? found : [];
}
