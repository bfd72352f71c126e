import { statSync } from "node:fs";
import * as ts from "@tslab/typescript-for-tslab";

interface Watched {
  readonly callback: ts.FileWatcherCallback;
  modified: number;
}

function modified(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * The TypeScript files of the notebook's folder that cells import. Looked at before each cell, which is
 * when it matters, instead of watched: a changed file counts in the very next cell, and a kernel holds
 * no inotify handles. Packages do not change while a kernel lives.
 */
export class LocalFiles {
  private readonly watched = new Map<string, Watched>();

  constructor(private readonly folder: string) {}

  /** Takes the place of the compiler's file watcher. */
  readonly watchFile = (file: string, callback: ts.FileWatcherCallback): ts.FileWatcher => {
    if (!file.startsWith(`${this.folder}/`) || file.includes("/node_modules/")) return { close() {} };
    const entry = { callback, modified: modified(file) };
    this.watched.set(file, entry);
    return {
      close: () => {
        if (this.watched.get(file) === entry) this.watched.delete(file);
      },
    };
  };

  /** Tells the compiler which files changed. */
  look(): void {
    for (const [file, entry] of [...this.watched]) {
      const now = modified(file);
      if (now === entry.modified) continue;
      entry.modified = now;
      entry.callback(file, now === 0 ? ts.FileWatcherEventKind.Deleted : ts.FileWatcherEventKind.Changed);
    }
  }
}
