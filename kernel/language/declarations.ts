import * as ts from "@tslab/typescript-for-tslab";

const EXPORTS_LINES =
  /(Object\.defineProperty\(exports, "__esModule", \{ value: true \}\);\n)((?:exports\.[^\s;]+ = (?:exports\.[^\s;]+ = )*void 0;\n)+)/;

/**
 * CommonJS code begins by setting all its exports to undefined. In a notebook that would wipe out
 * what an earlier cell gave the same name, even when this cell fails before it gives a new value.
 * The lines give way to blank ones, and their names are the cell's.
 */
export function takeExportNames(code: string): { code: string; names: string[] } {
  const found = EXPORTS_LINES.exec(code);
  if (!found?.[2]) return { code, names: [] };
  const names = [...found[2].matchAll(/exports\.([^\s;]+) =/g)].flatMap(([, name]) => (name ? [name] : []));
  return {
    code: code.replace(EXPORTS_LINES, (_, head: string, lines: string) => head + lines.replace(/[^\n]/g, "")),
    names,
  };
}

/**
 * What is declared after a cell that ended early: its own declarations as far as they got a value,
 * and for the rest what was declared before.
 */
export function keepDefined(
  before: string,
  after: string,
  names: readonly string[],
  defined: readonly string[],
): string {
  const lost = new Set(names.filter((name) => !defined.includes(name)));
  if (lost.size === 0) return after;
  const kept = statements(after).map((statement) => narrowed(statement, (name) => !lost.has(name), true));
  const again = statements(before).map((statement) => narrowed(statement, (name) => lost.has(name), false));
  const printer = ts.createPrinter({ newLine: ts.NewLineKind.LineFeed });
  const file = ts.createSourceFile("declarations.d.ts", "", ts.ScriptTarget.Latest);
  return [...kept, ...again]
    .flatMap((statement) =>
      statement ? [printer.printNode(ts.EmitHint.Unspecified, statement, sourceOf(statement) ?? file)] : [],
    )
    .map((text) => `${text}\n`)
    .join("");
}

function sourceOf(node: ts.Node): ts.SourceFile | undefined {
  const original = ts.getOriginalNode(node);
  return original.getSourceFile();
}

function statements(declarations: string): readonly ts.Statement[] {
  return ts.createSourceFile("declarations.d.ts", declarations, ts.ScriptTarget.Latest, true).statements;
}

/** A statement without the names that are not wanted; undefined when none is left. */
function narrowed(
  statement: ts.Statement,
  wanted: (name: string) => boolean,
  otherwise: boolean,
): ts.Statement | undefined {
  const { factory } = ts;
  if (ts.isVariableStatement(statement)) {
    const { declarations } = statement.declarationList;
    const left = declarations.filter(({ name }) => ts.isIdentifier(name) && wanted(name.text));
    if (left.length === 0) return undefined;
    if (left.length === declarations.length) return statement;
    return factory.updateVariableStatement(
      statement,
      statement.modifiers,
      factory.updateVariableDeclarationList(statement.declarationList, left),
    );
  }
  if (
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isEnumDeclaration(statement)
  ) {
    return statement.name && wanted(statement.name.text) ? statement : undefined;
  }
  if (ts.isImportDeclaration(statement)) return narrowedImport(statement, wanted);
  return otherwise ? statement : undefined;
}

function narrowedImport(
  statement: ts.ImportDeclaration,
  wanted: (name: string) => boolean,
): ts.ImportDeclaration | undefined {
  const { factory } = ts;
  const clause = statement.importClause;
  if (!clause) return statement;
  const name = clause.name && wanted(clause.name.text) ? clause.name : undefined;
  let bindings = clause.namedBindings;
  if (bindings && ts.isNamespaceImport(bindings))
    bindings = wanted(bindings.name.text) ? bindings : undefined;
  else if (bindings) {
    const elements = bindings.elements.filter((element) => wanted(element.name.text));
    bindings = elements.length > 0 ? factory.updateNamedImports(bindings, elements) : undefined;
  }
  if (!name && !bindings) return undefined;
  return factory.updateImportDeclaration(
    statement,
    statement.modifiers,
    factory.updateImportClause(clause, clause.isTypeOnly, name, bindings),
    statement.moduleSpecifier,
    statement.assertClause,
  );
}
