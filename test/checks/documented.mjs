// Fails when an export of lib/index.ts or kernel/index.ts has no docstring, or an export of lib/index.ts has no @example
// in it. Part of `npm run check`. TypeScript 7 has no JavaScript API yet, so this uses TypeScript 6 under the name
// typescript-classic.
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript-classic";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const entries = [
  { path: join(root, "lib/index.ts"), needsExample: true },
  { path: join(root, "kernel/index.ts"), needsExample: false },
];
const program = ts.createProgram(
  entries.map(({ path }) => path),
  {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
    skipLibCheck: true,
  },
);
const checker = program.getTypeChecker();

const missing = (symbol, needsExample) => {
  if (symbol.getDocumentationComment(checker).length === 0) return "docstring";
  const hasExample = symbol.getJsDocTags(checker).some(({ name }) => name === "example");
  return needsExample && !hasExample ? "@example in its docstring" : undefined;
};

let incomplete = 0;
for (const { path, needsExample } of entries) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(path));
  for (const exported of checker.getExportsOfModule(module)) {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const what = missing(symbol, needsExample);
    if (what === undefined) continue;
    const [declaration] = symbol.declarations ?? [];
    const file = declaration?.getSourceFile();
    const line = file && file.getLineAndCharacterOfPosition(declaration.getStart()).line + 1;
    console.error(
      `${file ? `${relative(root, file.fileName)}:${line}` : path}  ${exported.name} has no ${what}`,
    );
    incomplete += 1;
  }
}
process.exitCode = incomplete === 0 ? 0 : 1;
