import * as ts from "typescript-classic";

const EXPORTS_LINES =
  /(Object\.defineProperty\(exports, "__esModule", \{ value: true \}\);\n)((?:exports\.[^\s;]+ = (?:exports\.[^\s;]+ = )*void 0;\n)+)/;

/**
 * CommonJS code starts by setting all of its exports to undefined. In a notebook that would delete the value
 * that an earlier cell gave to the same name, even when this cell fails before it assigns a new value.
 * Replaces these lines with blank ones and returns the names.
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
 * Returns the declarations after a cell that ended early: the cell's own for names that received a value, and
 * the earlier ones for all other names.
 */
export function keepDefined(
  before: string,
  after: string,
  names: readonly string[],
  defined: readonly string[],
): string {
  const unset = new Set(names.filter((name) => !defined.includes(name)));
  if (unset.size === 0) return after;
  const kept = statements(after).map((statement) => narrowed(statement, (name) => !unset.has(name), true));
  const restored = statements(before).map((statement) =>
    narrowed(statement, (name) => unset.has(name), false),
  );
  const printer = ts.createPrinter({ newLine: ts.NewLineKind.LineFeed });
  const file = ts.createSourceFile("declarations.d.ts", "", ts.ScriptTarget.Latest);
  return [...kept, ...restored]
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

/** Removes unwanted names from a statement. Returns undefined when no name is left. */
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
    statement.attributes,
  );
}
