import { statSync } from "node:fs";
import path from "node:path";
import * as ts from "typescript-classic";
import { runtimeLibraries } from "./runtime-libraries";
import { nodeTypeRoot } from "./virtual-files";

/** The options of a notebook that its tsconfig.json can change. */
const DEFAULTS: ts.CompilerOptions = {
  strict: true,
  esModuleInterop: true,
  resolveJsonModule: true,
  allowJs: true,
  checkJs: false,
  experimentalDecorators: false,
};

/** The options that the converter and the executor depend on. */
const REQUIRED: ts.CompilerOptions = {
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  // Everything that Node 20 knows. TypeScript converts what is newer, such as `using` and decorators.
  target: ts.ScriptTarget.ES2024,
  newLine: ts.NewLineKind.LineFeed,
  allowImportingTsExtensions: true,
  declaration: true,
  inlineSourceMap: true,
  skipLibCheck: true,
  allowNonTsExtensions: true,
  suppressOutputPathCheck: true,
};

/** Options of a tsconfig.json that make no sense for a cell, or would change what the converter emits. */
const IGNORED = [
  "baseUrl",
  "composite",
  "declarationDir",
  "declarationMap",
  "emitDeclarationOnly",
  "incremental",
  "inlineSources",
  "isolatedDeclarations",
  "mapRoot",
  "noCheck",
  "noEmit",
  "noEmitHelpers",
  "noEmitOnError",
  "noUnusedLocals",
  "noUnusedParameters",
  "outDir",
  "outFile",
  "removeComments",
  "rewriteRelativeImportExtensions",
  "rootDir",
  "sourceMap",
  "sourceRoot",
  "stripInternal",
  "tsBuildInfoFile",
  "verbatimModuleSyntax",
] as const;

/** The compiler's options for the cells of a folder. */
export interface NotebookOptions {
  readonly options: ts.CompilerOptions;
  /** The errors in the folder's tsconfig.json. */
  readonly errors: readonly ts.Diagnostic[];
  /** The configuration files that were read, and those that do not exist yet, with the time of their last change. */
  readonly files: ReadonlyMap<string, number>;
}

function modificationTime(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Whether a configuration file was added, changed or removed since the options were read. */
export function optionsChanged({ files }: NotebookOptions): boolean {
  return [...files].some(([file, readMs]) => modificationTime(file) !== readMs);
}

/** Reads the folder's tsconfig.json, if there is one, on top of the kernel's own options. */
export function readOptions(folder: string): NotebookOptions {
  const config = path.join(folder, "tsconfig.json");
  const files = new Map([[config, modificationTime(config)]]);
  const { options: own, errors } = ts.sys.fileExists(config)
    ? parseConfig(config, folder, files)
    : { options: {}, errors: [] };
  const { types = [], typeRoots = defaultTypeRoots(folder) } = own;
  const options: ts.CompilerOptions = {
    ...DEFAULTS,
    lib: runtimeLibraries(),
    ...own,
    ...REQUIRED,
    types: [...new Set(["node", ...types])],
    typeRoots: [nodeTypeRoot(), ...typeRoots],
  };
  for (const name of IGNORED) delete options[name];
  return { options, errors, files };
}

function parseConfig(config: string, folder: string, files: Map<string, number>) {
  const readFile = (file: string): string | undefined => {
    files.set(file, modificationTime(file));
    return ts.sys.readFile(file);
  };
  const { config: json, error } = ts.readConfigFile(config, readFile);
  if (error) return { options: {}, errors: [error] };
  // A notebook has no other files of the project, so "include" is not followed.
  const host = { ...ts.sys, readFile, readDirectory: () => [] };
  const { options, errors } = ts.parseJsonConfigFileContent(json, host, folder, undefined, config);
  return { options, errors: errors.filter(({ code }) => code !== NO_INPUTS_FOUND) };
}

/** "No inputs were found in config file." */
const NO_INPUTS_FOUND = 18003;

/** The folders that TypeScript searches for types: `node_modules/@types` of the folder and of those above it. */
function defaultTypeRoots(folder: string): string[] {
  const roots: string[] = [];
  for (let at = folder; ; at = path.dirname(at)) {
    roots.push(path.join(at, "node_modules", "@types"));
    if (at === path.dirname(at)) return roots;
  }
}
