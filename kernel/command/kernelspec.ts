import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import type { TypeCheck } from "../language/engine";

/** The name of the kernelspec: `jupyter console --kernel wirebook`. */
export const KERNEL_NAME = "wirebook";

/** Where to install the kernelspec: for the current user, or in an environment (such as a Python venv). */
export type Target = { readonly kind: "user" } | { readonly kind: "prefix"; readonly prefix: string };

/** Jupyter's data folder, as `jupyter --paths` shows it. */
function dataFolder(target: Target): string {
  if (target.kind === "prefix") return path.join(path.resolve(target.prefix), "share", "jupyter");
  const { JUPYTER_DATA_DIR, XDG_DATA_HOME, APPDATA } = process.env;
  if (JUPYTER_DATA_DIR) return JUPYTER_DATA_DIR;
  switch (process.platform) {
    case "darwin":
      return path.join(homedir(), "Library", "Jupyter");
    case "win32":
      return path.join(APPDATA ?? path.join(homedir(), "AppData", "Roaming"), "jupyter");
    default:
      return path.join(XDG_DATA_HOME ?? path.join(homedir(), ".local", "share"), "jupyter");
  }
}

/**
 * Returns the content of `kernel.json`. Its paths are absolute, because Jupyter may run in an environment with
 * another Node on its PATH, or none.
 */
export function kernelspec(check: TypeCheck = "error"): Record<string, unknown> {
  const bin = path.join(__dirname, "..", "..", "bin", "wirebook-kernel.js");
  const options = check === "error" ? [] : ["--check", check];
  return {
    argv: [process.execPath, bin, "server", "--connection-file", "{connection_file}", ...options],
    display_name: "TypeScript (Wirebook)",
    language: "typescript",
    interrupt_mode: "message",
    metadata: { debugger: false },
  };
}

const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64">
<rect width="64" height="64" rx="10" fill="#2f6f9f"/>
<path d="M12 22h14v12h12v12h14" fill="none" stroke="#fff" stroke-width="5" stroke-linejoin="round"/>
<circle cx="12" cy="22" r="6" fill="#fff"/><circle cx="52" cy="46" r="6" fill="#f2b134"/>
</svg>
`;

/**
 * Registers the kernel with Jupyter. Replaces an earlier registration.
 *
 * Shell: `wirebook-kernel install [--prefix DIR] [--check error|warn|off]`.
 *
 * @param check - what type errors do; default: they prevent a cell from running.
 * @returns the folder of the kernelspec.
 * @throws Error (Node's own, with a code such as `EACCES`) when the folder cannot be written.
 */
export function installKernelspec(target: Target, check: TypeCheck = "error"): string {
  const folder = path.join(dataFolder(target), "kernels", KERNEL_NAME);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "kernel.json"), `${JSON.stringify(kernelspec(check), undefined, 2)}\n`);
  writeFileSync(path.join(folder, "logo-svg.svg"), LOGO);
  return folder;
}
