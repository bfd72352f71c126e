import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as ts from "typescript-classic";

/** How long one example may run. Examples that start containers take seconds. */
const RUN_TIMEOUT_MS = 120_000;

const home = join(__dirname, "..", "..");

/** An exported name with the examples of its docstring, and those of its public methods. */
export interface Documented {
  readonly name: string;
  readonly examples: readonly string[];
}

/** The names that lib/index.ts exports, with their examples. Type-only `export *` lists every type of the file. */
export function publicNames(): readonly Documented[] {
  const program = ts.createProgram([join(home, "lib/index.ts")], {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    noResolve: false,
    skipLibCheck: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const index = program.getSourceFile(join(home, "lib/index.ts"));
  const module = index && checker.getSymbolAtLocation(index);
  if (module === undefined) throw new Error("lib/index.ts exports nothing");
  return checker.getExportsOfModule(module).map((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const members =
      symbol.flags & ts.SymbolFlags.Class
        ? [...(symbol.members?.values() ?? []), ...(symbol.exports?.values() ?? [])]
        : [];
    return { name: exported.name, examples: [symbol, ...members].flatMap(examplesOf) };
  });
}

function examplesOf(symbol: ts.Symbol): readonly string[] {
  return symbol
    .getJsDocTags()
    .filter(({ name }) => name === "example")
    .map(({ text }) => ts.displayPartsToString(text).replace(/^```\w*\n|\n?```$/g, ""));
}

/** Whether an example opens a lab or speaks to an engine, so that it needs one to run. */
export const needsEngine = (example: string): boolean => /\bLab\.open\(|\bEngine\.connect\(/.test(example);

/** The examples by the name of the file that they are written to: `12-traverse.ts`. */
export function exampleFiles(names: readonly Documented[]): ReadonlyMap<string, string> {
  const all = names.flatMap(({ name, examples }) => examples.map((example) => ({ name, example })));
  return new Map(all.map(({ name, example }, at) => [`${at + 1}-${name}.ts`, example]));
}

/**
 * Runs examples one after the other, in a process of their own. Returns what it printed on stderr if one failed.
 *
 * @param paths - files of {@link withExamples}; `--engine` before them if they open labs.
 */
export function runExamples(paths: readonly string[]): string | undefined {
  const register = join(home, "test/examples/register.cjs");
  const { status, stderr } = spawnSync(process.execPath, [register, ...paths], {
    encoding: "utf8",
    cwd: home,
    timeout: RUN_TIMEOUT_MS * paths.length,
  });
  return status === 0 ? undefined : stderr || `exit code ${status}`;
}

/** Writes all examples as modules to a new folder from which `wirebook` resolves, and hands its path to `use`. */
export async function withExamples<Result>(
  names: readonly Documented[],
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const state = resolve(home, ".wirebook");
  mkdirSync(state, { recursive: true });
  const folder = mkdtempSync(join(state, "examples-"));
  try {
    for (const [file, example] of exampleFiles(names)) {
      writeFileSync(join(folder, file), `${example}\nexport {};\n`);
    }
    const base = JSON.parse(readFileSync(join(home, "test/tsconfig.json"), "utf8"));
    const compilerOptions = {
      ...base.compilerOptions,
      rootDir: home,
      paths: { wirebook: [join(home, "lib/index.ts")] },
      typeRoots: [join(home, "node_modules/@types")],
      types: ["node"],
      module: "preserve",
      moduleResolution: "bundler",
      noUnusedLocals: false,
    };
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ extends: join(home, "tsconfig.base.json"), compilerOptions, include: ["*.ts"] }),
    );
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
