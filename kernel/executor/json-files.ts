import { readFileSync, statSync } from "node:fs";

interface JsonFile {
  readonly modifiedMs: number;
  readonly exports: unknown;
}

/** The JSON files of the notebook's folder that cells import. Node's own `require` would keep their first content. */
export class JsonFiles {
  readonly #files = new Map<string, JsonFile>();

  /** Returns a file's content; undefined when there is no such file. */
  load(file: string): JsonFile | undefined {
    const modifiedMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    if (modifiedMs === undefined) return undefined;
    const known = this.#files.get(file);
    if (known?.modifiedMs === modifiedMs) return known;
    const loaded = { modifiedMs, exports: JSON.parse(readFileSync(file, "utf8")) };
    this.#files.set(file, loaded);
    return loaded;
  }
}
