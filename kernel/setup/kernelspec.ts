import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { home, python } from "./home";
import type { Step } from "./step";

const installer = join(home, "kernel", "bin", "wirebook-kernel.js");
const spec = join(python, "share", "jupyter", "kernels", "wirebook", "kernel.json");

/** Registers the kernel in the Python environment, under the name `wirebook`. */
export const kernelStep: Step = {
  name: "kernel",
  needed: async () => !registered(),
  run: ({ run }) => run(process.execPath, [installer, "install", "--prefix", python]),
};

/** Whether JupyterLab would start the kernel of this clone, with a Node that exists. */
function registered(): boolean {
  if (!existsSync(spec)) return false;
  const argv: unknown = Reflect.get(Object(JSON.parse(readFileSync(spec, "utf8"))), "argv");
  if (!Array.isArray(argv)) return false;
  return argv.some((word) => String(word).startsWith(join(home, "kernel"))) && existsSync(String(argv[0]));
}
