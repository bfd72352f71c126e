import { createRequire } from "node:module";
import path from "node:path";
import vm from "node:vm";
import { BUNDLED_PACKAGES, bundledPackageFolder } from "../language/bundled-packages";
import { LOOP_GUARD } from "../language/engine";
import { guard } from "./loop-guard";
import { registerFile } from "./source-positions";

type Require = (id: string) => unknown;

interface LocalModule {
  readonly code: string;
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

  /** Adds converted local files. A file that has changed is loaded again the next time it is required. */
  add(modules: readonly { path: string; code: string; maps: readonly string[] }[]): void {
    for (const { path: file, code, maps } of modules) {
      this.#local.set(file, { code });
      registerFile(file, code, maps);
    }
  }

  /** Returns the `require` for code in a folder. It has the `resolve` and `cache` of Node's own. */
  requireFrom(folder: string): Require {
    const nodeRequire = createRequire(path.join(folder, "cell.js"));
    const require: Require = (id) => this.#requireLocal(folder, id) ?? this.#requirePackage(nodeRequire, id);
    return Object.assign(require, {
      resolve: nodeRequire.resolve,
      cache: nodeRequire.cache,
      main: nodeRequire.main,
      extensions: nodeRequire.extensions,
    });
  }

  #requireLocal(folder: string, id: string): unknown {
    if (!id.startsWith(".")) return undefined;
    const file = path.resolve(folder, path.extname(id) === "" ? `${id}.js` : id);
    const module = this.#local.get(file);
    if (!module) return undefined;
    if (module.loaded) return module.loaded.exports;
    const loaded = { exports: {} };
    module.loaded = loaded;
    const names = ["exports", "require", "module", "__filename", "__dirname", LOOP_GUARD];
    const body = vm.compileFunction(module.code, names, { filename: file });
    body(loaded.exports, this.requireFrom(path.dirname(file)), loaded, file, path.dirname(file), guard);
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
