import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import {
  AWAIT_GUARD,
  DYNAMIC_IMPORT,
  IMPORT_META,
  type Import,
  LOOP_GUARD,
  type LocalModule,
} from "../language/engine";
import { CELL_TIMERS } from "./cell-timers";
import { awaitGuard, loopGuard } from "./interruption-points";
import { JsonFiles } from "./json-files";
import { asNamespace, type Loaded, PackageModules } from "./package-modules";
import { registerFile } from "./source-positions";

type Require = (id: string) => unknown;

/** The names and values that the code of a cell or of a local file is called with, next to its `exports`. */
export type ModuleScope = Readonly<Record<string, unknown>>;

interface KnownModule extends LocalModule {
  /** The local files that have required it. */
  readonly importers: Set<string>;
  loaded?: { exports: unknown };
}

/** The endings that an import of a local file can leave out. */
const ENDINGS = ["", ".ts", ".tsx", ".js", ".jsx", "/index.ts", "/index.tsx", "/index.js"];

/** The modules of cells: local files, packages from the notebook's folder upward, and bundled packages. */
export class CellModules {
  readonly #local = new Map<string, KnownModule>();
  readonly #packages: PackageModules;
  readonly #json = new JsonFiles();

  /** @param folder - the notebook's folder. */
  constructor(folder: string) {
    this.#packages = new PackageModules(folder);
  }

  /**
   * Adds converted local files. A file that has changed, and the files that require it, are loaded again the next
   * time they are required.
   */
  async add(modules: readonly LocalModule[]): Promise<void> {
    for (const module of modules) {
      const known = this.#local.get(module.path);
      if (known?.code === module.code) continue;
      this.#local.set(module.path, { ...module, importers: known?.importers ?? new Set() });
      registerFile(module.path, module.code, module.maps);
      this.#unloadImporters(module.path);
      await this.prepare(module.imports, path.dirname(module.path));
    }
  }

  #unloadImporters(file: string): void {
    const importers = [...(this.#local.get(file)?.importers ?? [])];
    this.#local.get(file)?.importers.clear();
    for (const importer of importers) {
      const module = this.#local.get(importer);
      if (module) delete module.loaded;
      this.#unloadImporters(importer);
    }
  }

  /** Loads the packages that only a native `import` can load, so that `require` finds them. */
  async prepare(imports: readonly Import[], folder: string): Promise<void> {
    for (const { id, file } of imports) if (file === undefined) await this.#packages.prepare(id, folder);
  }

  /**
   * Returns what code in a folder is called with. Its `require` has the `resolve` and `cache` of Node's own.
   *
   * @param file - the file that contains the code.
   * @param importer - the local file that will use it; default: a cell.
   */
  scope(file: string, imports: readonly Import[], importer?: string): ModuleScope {
    const folder = path.dirname(file);
    const nodeRequire = createRequire(path.join(folder, "cell.js"));
    const resolved = new Map(imports.map((each) => [each.id, each.file]));
    const local = (id: string): Loaded | undefined => {
      const target = resolved.get(id) ?? (/^[./]/.test(id) ? path.resolve(folder, id) : undefined);
      return target === undefined ? undefined : this.#loadLocal(target, importer);
    };
    const require: Require = (id) => (local(id) ?? this.#packages.require(nodeRequire, id))?.exports;
    Object.assign(require, {
      resolve: nodeRequire.resolve,
      cache: nodeRequire.cache,
      main: nodeRequire.main,
      extensions: nodeRequire.extensions,
    });
    const dynamicImport = async (id: unknown) => {
      const found = local(String(id));
      return found ? asNamespace(found.exports) : this.#packages.import(nodeRequire, String(id), folder);
    };
    return {
      require,
      __filename: file,
      __dirname: folder,
      [LOOP_GUARD]: loopGuard,
      [AWAIT_GUARD]: awaitGuard,
      [DYNAMIC_IMPORT]: dynamicImport,
      [IMPORT_META]: metaOf(file, nodeRequire),
    };
  }

  #loadLocal(target: string, importer: string | undefined): Loaded | undefined {
    if (target.endsWith(".json")) return this.#json.load(target);
    const file = ENDINGS.map((ending) => target + ending).find((each) => this.#local.has(each));
    const module = file === undefined ? undefined : this.#local.get(file);
    if (!module || file === undefined) return undefined;
    if (importer !== undefined) module.importers.add(importer);
    if (module.loaded) return module.loaded;
    const loaded = { exports: {} };
    module.loaded = loaded;
    const scope = { exports: loaded.exports, module: loaded, ...this.scope(file, module.imports, file) };
    const prefix = `return function (${Object.keys(scope).join(", ")}) { `;
    const load = vm.compileFunction(`${prefix}${module.code}\n}`, Object.keys(CELL_TIMERS), {
      filename: file,
      columnOffset: -prefix.length,
    });
    const body: unknown = load(...Object.values(CELL_TIMERS));
    if (typeof body !== "function") throw new TypeError(`${file} was not compiled to a function`);
    body(...Object.values(scope));
    return loaded;
  }
}

function metaOf(filename: string, { resolve }: NodeJS.Require): ImportMeta {
  const url = pathToFileURL(filename).href;
  return {
    url,
    filename,
    dirname: path.dirname(filename),
    resolve: (id: string) => {
      if (/^[\w+.-]+:/.test(id)) return id;
      if (/^[./]/.test(id)) return new URL(id, url).href;
      return pathToFileURL(resolve(id)).href;
    },
  };
}
