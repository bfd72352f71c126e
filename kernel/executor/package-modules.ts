import { createRequire } from "node:module";
import path from "node:path";
import vm from "node:vm";
import { BUNDLED_PACKAGES, bundledPackageFolder } from "../language/bundled-packages";

/** A module that was loaded. */
export interface Loaded {
  readonly exports: unknown;
}

/** Errors of `require` for modules that a native `import` may be able to load. */
const IMPORT_ONLY = new Set([
  // top-level await
  "ERR_REQUIRE_ASYNC_MODULE",
  // a package with only the condition "import"
  "ERR_PACKAGE_PATH_NOT_EXPORTED",
  "ERR_REQUIRE_ESM",
]);

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function isNotFound(error: unknown, id: string): error is Error {
  return error instanceof Error && codeOf(error) === "MODULE_NOT_FOUND" && error.message.includes(`'${id}'`);
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

/** The packages that cells import: from the notebook's folder upward, and bundled ones. */
export class PackageModules {
  readonly #folder: string;
  /** The modules that were loaded with a native `import`. */
  readonly #imported = new Map<string, Loaded>();

  /** @param folder - the notebook's folder. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Loads a package with a native `import` if `require` cannot load it. Other errors are left to `require`. */
  async prepare(id: string, folder: string): Promise<void> {
    try {
      this.require(createRequire(path.join(folder, "cell.js")), id);
    } catch (error) {
      if (IMPORT_ONLY.has(String(codeOf(error)))) await this.#nativeImport(id, folder).catch(() => {});
    }
  }

  /** The result of `import(id)`. */
  async import(nodeRequire: NodeJS.Require, id: string, folder: string): Promise<unknown> {
    try {
      return asNamespace(this.require(nodeRequire, id).exports);
    } catch (error) {
      if (!IMPORT_ONLY.has(String(codeOf(error)))) throw error;
      return (await this.#nativeImport(id, folder)).exports;
    }
  }

  require(nodeRequire: NodeJS.Require, id: string): Loaded {
    const imported = this.#imported.get(id);
    if (imported) return imported;
    try {
      return { exports: nodeRequire(id) };
    } catch (error) {
      if (!isNotFound(error, id)) throw error;
      const name = packageName(id);
      const bundled = BUNDLED_PACKAGES.includes(name) ? bundledPackageFolder(name) : undefined;
      if (bundled) return { exports: this.#requireBundled(bundled, name, id, error) };
      const advice = /^[./]/.test(id)
        ? `  ${this.#folder} has no such file.`
        : `  Install it in the notebook's folder: cd ${this.#folder} && npm install ${name}`;
      throw notFound(id, advice);
    }
  }

  async #nativeImport(id: string, folder: string): Promise<Loaded> {
    // Node resolves the import relative to `filename`, a file that need not exist.
    const load = vm.compileFunction("return import(id)", ["id"], {
      filename: path.join(folder, "cell.js"),
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    const loaded: Loaded = { exports: asEsModule(await load(id)) };
    this.#imported.set(id, loaded);
    return loaded;
  }

  #requireBundled(folder: string, name: string, id: string, cause: Error): unknown {
    try {
      return createRequire(path.join(folder, "cell.js"))(path.join(folder, id.slice(name.length)));
    } catch (error) {
      if (codeOf(error) !== "MODULE_NOT_FOUND") throw error;
      const advice = `  The package is in ${folder}, but it is not built. Run there: npm run build`;
      throw notFound(id, advice, { cause });
    }
  }
}

/** Marks a namespace as the converted code of `import` expects it, so that it reads `default` from it. */
function asEsModule(namespace: object): object {
  return Object.create(namespace, { __esModule: { value: true } });
}

/** What `import(…)` resolves with: a namespace with the members of a CommonJS module, and it as `default`. */
export function asNamespace(exports: unknown): unknown {
  if (typeof exports === "object" && exports !== null && "__esModule" in exports) return exports;
  if (
    typeof exports === "object" &&
    exports !== null &&
    Reflect.get(exports, Symbol.toStringTag) === "Module"
  )
    return exports;
  const members = typeof exports === "object" || typeof exports === "function" ? exports : {};
  return { ...members, default: exports };
}
