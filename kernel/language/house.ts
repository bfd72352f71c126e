import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { System } from "@tslab/typescript-for-tslab";
import { HOUSE_PACKAGES, houseFolder } from "./packages";

/** The folder whose `node` folder holds the types of Node, found from the kernel's own package. */
export function nodeTypeRoot(): string {
  return path.dirname(path.dirname(createRequire(__filename).resolve("@types/node/package.json")));
}

function resolvesFrom(folder: string, name: string): boolean {
  for (let at = folder; ; at = path.dirname(at)) {
    if (existsSync(path.join(at, "node_modules", name, "package.json"))) return true;
    if (at === path.dirname(at)) return false;
  }
}

/** What every cell sees without an import. */
const CELL_GLOBALS = `
/**
 * Shows a value below the cell, before the cell ends.
 *
 * @param options.id - a name for this output.
 * @param options.update - replaces the output with this id that this run of the cell has shown, when there is one.
 */
declare function display(value: unknown, options?: { id?: string; update?: boolean }): Promise<void>;
`;

/** The compiler's view of the disk: the disk, our packages in the notebook's folder, and the cell's globals. */
export interface CellDisk {
  readonly globalsFile: string;
}

/**
 * Lays the house's packages over the file system that the compiler sees, as if they were installed in
 * the notebook's folder.
 */
export function furnish(system: System, folder: string): CellDisk {
  const globalsFile = path.posix.join(folder, "__cell__.d.ts");
  const rooms = HOUSE_PACKAGES.flatMap((name) => {
    const real = resolvesFrom(folder, name) ? undefined : houseFolder(name);
    return real ? [{ seen: path.posix.join(folder, "node_modules", name), real }] : [];
  });
  const locate = (file: string): string => {
    const room = rooms.find(({ seen }) => file === seen || file.startsWith(`${seen}/`));
    return room ? room.real + file.slice(room.seen.length) : file;
  };
  const { fileExists, readFile, directoryExists, realpath } = system;
  system.fileExists = (file) => file === globalsFile || fileExists.call(system, locate(file));
  system.readFile = (file, encoding) =>
    file === globalsFile ? CELL_GLOBALS : readFile.call(system, locate(file), encoding);
  system.directoryExists = (file) => directoryExists.call(system, locate(file));
  if (realpath) system.realpath = (file) => realpath.call(system, locate(file));
  return { globalsFile };
}
