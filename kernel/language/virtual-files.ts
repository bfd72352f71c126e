import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { System } from "typescript-classic";
import { BUNDLED_PACKAGES, bundledPackageFolder } from "./bundled-packages";
import { CELL_GLOBALS } from "./cell-globals";

/** Returns the folder that contains `@types/node`, resolved from the kernel's own package. */
export function nodeTypeRoot(): string {
  return path.dirname(path.dirname(createRequire(__filename).resolve("@types/node/package.json")));
}

function resolvesFrom(folder: string, name: string): boolean {
  for (let at = folder; ; at = path.dirname(at)) {
    if (existsSync(path.join(at, "node_modules", name, "package.json"))) return true;
    if (at === path.dirname(at)) return false;
  }
}

/**
 * Changes the file system that the compiler sees: the bundled packages appear in the notebook's
 * `node_modules`, and a virtual file declares the globals of cells.
 *
 * @returns the path of that virtual file.
 */
export function mountPackages(system: System, folder: string): { readonly globalsFile: string } {
  const globalsFile = path.posix.join(folder, "__cell__.d.ts");
  const mounts = BUNDLED_PACKAGES.flatMap((name) => {
    const source = resolvesFrom(folder, name) ? undefined : bundledPackageFolder(name);
    return source ? [{ target: path.posix.join(folder, "node_modules", name), source }] : [];
  });
  const locate = (file: string): string => {
    const mount = mounts.find(({ target }) => file === target || file.startsWith(`${target}/`));
    return mount ? mount.source + file.slice(mount.target.length) : file;
  };
  const { fileExists, readFile, directoryExists, realpath } = system;
  system.fileExists = (file) => file === globalsFile || fileExists.call(system, locate(file));
  system.readFile = (file, encoding) =>
    file === globalsFile ? CELL_GLOBALS : readFile.call(system, locate(file), encoding);
  system.directoryExists = (file) => directoryExists.call(system, locate(file));
  if (realpath) system.realpath = (file) => realpath.call(system, locate(file));
  return { globalsFile };
}
