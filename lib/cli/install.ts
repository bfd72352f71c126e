import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Command } from "commander";
import { imagesRoot } from "../setup/images";

/** Configures `wirebook install`: runs the kernel's installer in a child process and passes the options on. */
export function configure(command: Command): void {
  command
    .option("--user", "install for the current user, in all Jupyter installations (default)")
    .option("--prefix <folder>", "install in one Python environment, for example $VIRTUAL_ENV")
    .action((options: { user?: true; prefix?: string }) => {
      const installer = join(imagesRoot(), "..", "kernel", "bin", "wirebook-kernel.js");
      const where = options.prefix === undefined ? ["--user"] : ["--prefix", options.prefix];
      return new Promise<void>((resolve, reject) => {
        const child = spawn(process.execPath, [installer, "install", ...where], { stdio: "inherit" });
        child.once("error", reject);
        child.once("exit", (code) => {
          process.exitCode = code ?? 1;
          resolve();
        });
      });
    });
}
