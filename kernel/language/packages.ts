import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

/** Packages that a notebook finds wherever it lies: first its own, else the one beside this kernel. */
export const HOUSE_PACKAGES: readonly string[] = ["wirebook"];

const houseRequire = createRequire(__filename);

/**
 * The folder of a package that stands beside the kernel, or undefined when none does.
 * The package need not be built: what is asked for is its package.json.
 */
export function houseFolder(name: string): string | undefined {
  const roots = houseRequire.resolve.paths(name) ?? [];
  return roots
    .map((root) => path.join(root, name))
    .find((folder) => existsSync(path.join(folder, "package.json")));
}
