import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Command } from "commander";
import { imagesRoot } from "../setup/images";

/** Adds the action of `wirebook install`: the kernel's own installer, as a process; the options are its options. */
export function configure(command: Command): void {
  command
    .option("--user", "for you, in every Jupyter of yours (the default)")
    .option("--prefix <folder>", "in one Python environment, for example $VIRTUAL_ENV")
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
