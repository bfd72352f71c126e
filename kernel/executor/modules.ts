import { createRequire } from "node:module";
import path from "node:path";
import vm from "node:vm";
import { BUNDLED_PACKAGES, bundledPackageFolder } from "../language/bundled-packages";
import { AWAIT_GUARD, LOOP_GUARD } from "../language/engine";
import { CELL_TIMERS } from "./cell-timers";
import { awaitGuard, loopGuard } from "./interruption-points";
import { registerFile } from "./source-positions";

type Require = (id: string) => unknown;

const PARAMETERS = ["exports", "require", "module", "__filename", "__dirname", LOOP_GUARD, AWAIT_GUARD].join(
  ", ",
);

interface LocalModule {
  readonly code: string;
  /** The local files that have required it. */
  readonly importers: Set<string>;
  loaded?: { exports: unknown };
}

function isNotFound(error: unknown, id: string): error is Error {
  return (
    error instanceof Error &&
    "code" in error &&
    error.code === "MODULE_NOT_FOUND" &&
    error.message.includes(`'${id}'`)
  );
}

function notFound(id: string, advice: string, options?: ErrorOptions): Error {
  return Object.assign(new Error(`Cannot find module '${id}'\n${advice}`, options), {
    code: "MODULE_NOT_FOUND",
  });
}

function packageName(id: string): string {
  const [scope = "", name = ""] = id.split("/");
  return id.startsWith("@") ? `${scope}/${name}` : scope;
}

/** The `require` of cells: local TypeScript files, packages from the notebook's folder upward, and bundled packages. */
export class CellModules {
  readonly #folder: string;
  readonly #local = new Map<string, LocalModule>();

  /** @param folder - the notebook's folder. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Adds converted local files. A file that has changed, and the files that require it, are loaded again the next
   * time they are required.
   */
  add(modules: readonly { path: string; code: string; maps: readonly string[] }[]): void {
    for (const { path: file, code, maps } of modules) {
      const known = this.#local.get(file);
      if (known?.code === code) continue;
      this.#local.set(file, { code, importers: known?.importers ?? new Set() });
      registerFile(file, code, maps);
      this.#unloadImporters(file);
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

  /**
   * Returns the `require` for code in a folder. It has the `resolve` and `cache` of Node's own.
   *
   * @param importer - the local file that will call it; default: a cell.
   */
  requireFrom(folder: string, importer?: string): Require {
    const nodeRequire = createRequire(path.join(folder, "cell.js"));
    const require: Require = (id) =>
      this.#requireLocal(folder, id, importer) ?? this.#requirePackage(nodeRequire, id);
    return Object.assign(require, {
      resolve: nodeRequire.resolve,
      cache: nodeRequire.cache,
      main: nodeRequire.main,
      extensions: nodeRequire.extensions,
    });
  }

  #requireLocal(folder: string, id: string, importer: string | undefined): unknown {
    if (!id.startsWith(".")) return undefined;
    const file = path.resolve(folder, path.extname(id) === "" ? `${id}.js` : id);
    const module = this.#local.get(file);
    if (!module) return undefined;
    if (importer !== undefined) module.importers.add(importer);
    if (module.loaded) return module.loaded.exports;
    const loaded = { exports: {} };
    module.loaded = loaded;
    const prefix = `return function (${PARAMETERS}) { `;
    const load = vm.compileFunction(`${prefix}${module.code}\n}`, Object.keys(CELL_TIMERS), {
      filename: file,
      columnOffset: -prefix.length,
    });
    const require = this.requireFrom(path.dirname(file), file);
    const body: unknown = load(...Object.values(CELL_TIMERS));
    if (typeof body !== "function") throw new TypeError(`${file} was not compiled to a function`);
    body(loaded.exports, require, loaded, file, path.dirname(file), loopGuard, awaitGuard);
    return loaded.exports;
  }

  #requirePackage(nodeRequire: NodeJS.Require, id: string): unknown {
    try {
      return nodeRequire(id);
    } catch (error) {
      if (!isNotFound(error, id)) throw error;
      const name = packageName(id);
      const bundled = BUNDLED_PACKAGES.includes(name) ? bundledPackageFolder(name) : undefined;
      if (bundled) return this.#requireBundled(bundled, name, id, error);
      const advice = id.startsWith(".")
        ? `  ${this.#folder} has no such file.`
        : `  Install it in the notebook's folder: cd ${this.#folder} && npm install ${name}`;
      throw notFound(id, advice);
    }
  }

  #requireBundled(folder: string, name: string, id: string, cause: Error): unknown {
    try {
      return createRequire(path.join(folder, "cell.js"))(path.join(folder, id.slice(name.length)));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND")) throw error;
      const advice = `  The package is in ${folder}, but it is not built. Run there: npm run build`;
      throw notFound(id, advice, { cause });
    }
  }
}
