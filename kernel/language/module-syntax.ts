import * as ts from "typescript-classic";
import { DYNAMIC_IMPORT, IMPORT_META } from "./engine";

/** Replaces the syntax that only ECMAScript modules have: `import.meta` and `import(…)`. */
export const convertModuleSyntax: ts.TransformerFactory<ts.SourceFile> = (context) => {
  const { factory } = context;
  const visit = (node: ts.Node): ts.Node => {
    if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword)
      return factory.createIdentifier(IMPORT_META);
    const visited = ts.visitEachChild(node, visit, context);
    if (ts.isCallExpression(visited) && visited.expression.kind === ts.SyntaxKind.ImportKeyword)
      return factory.updateCallExpression(
        visited,
        factory.createIdentifier(DYNAMIC_IMPORT),
        undefined,
        visited.arguments.slice(0, 1),
      );
    return visited;
  };
  return (file) => ts.visitEachChild(file, visit, context);
};

/** A statement of CommonJS code that loads a module, as TypeScript writes a static import. */
const STATIC_REQUIRE =
  /^(?:(?:const|var|let) \S+ = )?(?:__(?:importStar|importDefault|exportStar)\()?require\(("(?:[^"\\]|\\.)*")\)/gm;

/** A call that replaces `import("…")`. */
const DYNAMIC = new RegExp(`\\b${DYNAMIC_IMPORT}\\(("(?:[^"\\\\]|\\\\.)*")\\)`, "g");

/** Returns the modules that converted code imports with `import("…")`. */
export function dynamicImports(code: string): string[] {
  return literals(code.matchAll(DYNAMIC));
}

/** Returns the modules that converted code imports statically. Imports of nothing but types are not among them. */
export function staticImports(code: string): string[] {
  return literals(code.matchAll(STATIC_REQUIRE));
}

function literals(matches: Iterable<RegExpMatchArray>): string[] {
  const ids = [...matches].map(([, literal = '""']): unknown => JSON.parse(literal));
  return [...new Set(ids.filter((id) => typeof id === "string"))];
}
