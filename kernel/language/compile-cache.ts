import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { homedir } from "node:os";
import path from "node:path";
import vm from "node:vm";

/** The user's cache folder. Others must not be able to write to it: V8 runs what is in there. */
function cacheFolder(): string {
  const base = process.env["XDG_CACHE_HOME"] || path.join(homedir(), ".cache");
  return path.join(base, "wirebook", "compiled");
}

/** Identifies the code that V8 compiled: another file, Node or processor needs other code. */
function cacheFile(file: string): string {
  const { size, mtimeMs } = statSync(file);
  const parts = [file, size, mtimeMs, process.version, process.arch].join("\n");
  return path.join(cacheFolder(), `${createHash("sha256").update(parts).digest("hex").slice(0, 32)}.bin`);
}

function readCache(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined; // there is none yet
  }
}

/**
 * Loads a large CommonJS module with V8's compiled code from the last run. Node 22 has a compile cache of its own,
 * but it holds only the functions that ran while the module was loaded.
 *
 * @returns a function that saves the code that V8 has compiled so far, if it was not loaded from the cache.
 */
export function loadCompiled(id: string, parent: NodeJS.Module): () => void {
  const file = createRequire(parent.filename).resolve(id);
  const saved = cacheFile(file);
  const cachedData = readCache(saved);
  const script = new vm.Script(Module.wrap(readFileSync(file, "utf8")), {
    filename: file,
    ...(cachedData ? { cachedData } : {}),
  });
  const loaded = new Module(file, parent);
  loaded.filename = file;
  loaded.paths = parent.paths;
  require.cache[file] = loaded;
  const wrapper: unknown = script.runInThisContext();
  if (typeof wrapper !== "function") throw new TypeError(`${file} is not a CommonJS module`);
  Reflect.apply(wrapper, loaded.exports, [
    loaded.exports,
    createRequire(file),
    loaded,
    file,
    path.dirname(file),
  ]);
  loaded.loaded = true;
  return () => {
    if (cachedData && !script.cachedDataRejected) return;
    save(saved, script.createCachedData());
  };
}

/** Writes a file in one step: another kernel may read it at the same time. */
function save(file: string, content: Buffer): void {
  const draft = `${file}.${process.pid}`;
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(draft, content, { mode: 0o600 });
    renameSync(draft, file);
  } catch {
    // without a cache, the next start takes longer
  }
}
