import { createRequire } from "node:module";
import path from "node:path";
import vm from "node:vm";
import { LOOP_GUARD } from "../language/engine";
import { HOUSE_PACKAGES, houseFolder } from "../language/packages";
import { guard } from "./guard";
import { rememberFile } from "./origins";

type Require = (id: string) => unknown;

interface LocalModule {
  readonly code: string;
  exports?: { exports: unknown };
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

/** `require` as cells have it: from the notebook's folder upward, local TypeScript, and the house's own packages. */
export class CellModules {
  private readonly local = new Map<string, LocalModule>();

  /** @param folder - the notebook's folder. */
  constructor(private readonly folder: string) {}

  /** Takes converted local files; a file that changed is loaded again when it is next required. */
  add(modules: readonly { path: string; code: string; maps: readonly string[] }[]): void {
    for (const { path: file, code, maps } of modules) {
      this.local.set(file, { code });
      rememberFile(file, code, maps);
    }
  }

  /** The `require` for code in a folder; it keeps `resolve` and `cache` of Node's own. */
  requireFrom(folder: string): Require {
    const own = createRequire(path.join(folder, "cell.js"));
    const find: Require = (id) => this.findLocal(folder, id) ?? this.findPackage(own, id);
    return Object.assign(find, {
      resolve: own.resolve,
      cache: own.cache,
      main: own.main,
      extensions: own.extensions,
    });
  }

  private findLocal(folder: string, id: string): unknown {
    if (!id.startsWith(".")) return undefined;
    const file = path.resolve(folder, path.extname(id) === "" ? `${id}.js` : id);
    const module = this.local.get(file);
    if (!module) return undefined;
    if (module.exports) return module.exports.exports;
    const made = { exports: {} };
    module.exports = made;
    const names = ["exports", "require", "module", "__filename", "__dirname", LOOP_GUARD];
    const body = vm.compileFunction(module.code, names, { filename: file });
    body(made.exports, this.requireFrom(path.dirname(file)), made, file, path.dirname(file), guard);
    return made.exports;
  }

  private findPackage(own: NodeJS.Require, id: string): unknown {
    try {
      return own(id);
    } catch (error) {
      if (!isNotFound(error, id)) throw error;
      const name = packageName(id);
      const house = HOUSE_PACKAGES.includes(name) ? houseFolder(name) : undefined;
      if (house) return this.fromHouse(house, name, id, error);
      const advice = id.startsWith(".")
        ? `  There is no such file in ${this.folder}.`
        : `  Install it in the notebook's folder: cd ${this.folder} && npm install ${name}`;
      throw notFound(id, advice);
    }
  }

  private fromHouse(folder: string, name: string, id: string, cause: Error): unknown {
    try {
      return createRequire(path.join(folder, "cell.js"))(path.join(folder, id.slice(name.length)));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND")) throw error;
      const advice = `  The package lies in ${folder} but is not built. Run there: npm run build`;
      throw notFound(id, advice, { cause });
    }
  }
}
