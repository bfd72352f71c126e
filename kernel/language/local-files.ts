import { statSync } from "node:fs";
import * as ts from "@tslab/typescript-for-tslab";

interface WatchedFile {
  readonly callback: ts.FileWatcherCallback;
  modifiedMs: number;
}

/** The time of a file's last change; 0 when the file does not exist. */
function modificationTime(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * The TypeScript files in the notebook's folder that cells import. They are checked for changes before each
 * cell instead of being watched: a change takes effect in the next cell, and the kernel needs no inotify
 * handles. Packages are not checked, because they rarely change while a kernel runs.
 */
export class LocalFiles {
  readonly #folder: string;
  readonly #watched = new Map<string, WatchedFile>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Replaces the compiler's file watcher. */
  readonly watchFile = (file: string, callback: ts.FileWatcherCallback): ts.FileWatcher => {
    if (!file.startsWith(`${this.#folder}/`) || file.includes("/node_modules/")) return { close() {} };
    const entry = { callback, modifiedMs: modificationTime(file) };
    this.#watched.set(file, entry);
    return {
      close: () => {
        if (this.#watched.get(file) === entry) this.#watched.delete(file);
      },
    };
  };

  /** Tells the compiler which files have changed. */
  checkForChanges(): void {
    for (const [file, entry] of [...this.#watched]) {
      const nowMs = modificationTime(file);
      if (nowMs === entry.modifiedMs) continue;
      entry.modifiedMs = nowMs;
      entry.callback(file, nowMs === 0 ? ts.FileWatcherEventKind.Deleted : ts.FileWatcherEventKind.Changed);
    }
  }
}
