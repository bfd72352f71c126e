// Fails when an export of lib/index.ts or kernel/index.ts has no docstring. Part of `npm run check`. TypeScript 7 has no
// JavaScript API yet, so this uses TypeScript 6 under the name typescript-classic.
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript-classic";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const entries = ["lib/index.ts", "kernel/index.ts"].map((file) => join(root, file));
const program = ts.createProgram(entries, {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ["node"],
  typeRoots: [join(root, "node_modules/@types")],
  skipLibCheck: true,
});
const checker = program.getTypeChecker();

let undocumented = 0;
for (const entry of entries) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry));
  for (const exported of checker.getExportsOfModule(module)) {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    if (symbol.getDocumentationComment(checker).length > 0) continue;
    const [declaration] = symbol.declarations ?? [];
    const file = declaration?.getSourceFile();
    const line = file && file.getLineAndCharacterOfPosition(declaration.getStart()).line + 1;
    console.error(
      `${file ? `${relative(root, file.fileName)}:${line}` : entry}  ${exported.name} has no docstring`,
    );
    undocumented += 1;
  }
}
process.exitCode = undocumented === 0 ? 0 : 1;
