import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of the clone, found from this file both as a source and when compiled into `dist`. */
export const home = findHome();

/** Our Python environment: JupyterLab, nbclient, nbgrader, and the kernel registered in it. */
export const python = join(home, ".wirebook", "python");

/** A program of our Python environment. */
export function program(name: string): string {
  return join(python, "bin", name);
}

/**
 * The environment in which our Jupyter programs run: configuration, data and runtime files of their own below
 * `.wirebook`, so that the user's `~/.jupyter` is neither read nor written.
 */
export function jupyterEnv(folder: string = join(home, ".wirebook", "jupyter")): Record<string, string> {
  return {
    JUPYTER_CONFIG_DIR: join(folder, "config"),
    JUPYTER_DATA_DIR: join(folder, "data"),
    JUPYTER_RUNTIME_DIR: join(folder, "runtime"),
    JUPYTER_CONFIG_PATH: "",
    JUPYTER_PATH: "",
    JUPYTER_PREFER_ENV_PATH: "1",
    IPYTHONDIR: join(folder, "ipython"),
    PYTHONNOUSERSITE: "1",
    PYTHONPATH: "",
    PATH: [join(python, "bin"), process.env["PATH"]].join(":"),
  };
}

function findHome(): string {
  for (let dir = __dirname; dir !== dirname(dir); dir = dirname(dir)) {
    if (existsSync(join(dir, "kernel", "setup", "requirements.txt"))) return dir;
  }
  throw new Error(
    `REQUIREMENTS_MISSING  no kernel/setup/requirements.txt above ${__dirname}\n  Run Wirebook from a complete clone.`,
  );
}
