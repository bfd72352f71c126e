import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The root folder of the repository. Found from this file, whether it is a source or compiled into `dist`. */
export const home = findHome();

/** The Python environment with JupyterLab, nbclient and nbgrader, in which the kernel is registered. */
export const python = join(home, ".wirebook", "python");

/** Returns the path of a program in the Python environment. */
export function program(name: string): string {
  return join(python, "bin", name);
}

/**
 * The environment variables of our Jupyter programs. Their configuration, data and runtime files are in
 * `.wirebook`, so they neither read nor write the user's `~/.jupyter`.
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
    `REQUIREMENTS_MISSING  kernel/setup/requirements.txt was not found in any folder above ${__dirname}\n  Run Wirebook from a complete clone.`,
  );
}
