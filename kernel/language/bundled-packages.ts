import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

/** Packages that a notebook in any folder can import. An installed copy takes precedence over the kernel's. */
export const BUNDLED_PACKAGES: readonly string[] = ["wirebook"];

const kernelRequire = createRequire(__filename);

/**
 * Returns the folder of a package that is installed next to the kernel, or undefined when there is none.
 * Looks only for its package.json, so the package need not be built.
 */
export function bundledPackageFolder(name: string): string | undefined {
  const roots = kernelRequire.resolve.paths(name) ?? [];
  return roots
    .map((root) => path.join(root, name))
    .find((folder) => existsSync(path.join(folder, "package.json")));
}
