import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { home, program, python } from "./home";
import type { Step } from "./step";

const requirements = join(home, "kernel", "setup", "requirements.txt");
const stamp = join(python, "wirebook-requirements");
const oldestVersion = [3, 11];

/** Creates the Python environment with pinned versions of JupyterLab, nbclient and nbgrader. */
export const pythonStep: Step = {
  name: "Python environment",
  needed: async () => !existsSync(stamp) || readFileSync(stamp, "utf8") !== fingerprint(),
  async run({ run, install, progress }) {
    await rm(stamp, { force: true });
    if (interpreter() === undefined) {
      progress("installing python3-venv");
      await install("python3-venv");
    }
    const found = interpreter();
    if (found === undefined) {
      throw new Error(
        `PYTHON_MISSING  set-up: Python ${oldestVersion.join(".")} or newer with the module venv was not found\n  Install it: sudo apt-get install python3-venv (Debian 12, Ubuntu 24.04 or newer)`,
      );
    }
    await run(found, ["-m", "venv", "--clear", python]);
    await run(program("pip"), ["install", "--disable-pip-version-check", "--no-input", "-r", requirements]);
    await disableNews();
    await writeFile(stamp, fingerprint());
  },
};

/** A hash of everything the environment depends on: requirements, settings, and its path, which its scripts contain. */
function fingerprint(): string {
  return createHash("sha256")
    .update(readFileSync(requirements))
    .update(settings)
    .update(python)
    .digest("hex");
}

function interpreter(): string | undefined {
  const check = `import sys, venv, ensurepip; sys.exit(sys.version_info < (${oldestVersion.join(", ")}))`;
  return ["python3", "/usr/bin/python3", "python3.13", "python3.12", "python3.11"].find(
    (name) => spawnSync(name, ["-c", check], { stdio: "ignore" }).status === 0,
  );
}

const settings = JSON.stringify(
  {
    "@jupyterlab/apputils-extension:notification": {
      checkForUpdates: false,
      doNotDisturbMode: false,
      fetchNews: "false",
    },
  },
  undefined,
  2,
);

/** Stops JupyterLab from asking its website for news and updates, and from asking the user for permission to do so. */
async function disableNews(): Promise<void> {
  const folder = join(python, "share", "jupyter", "lab", "settings");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "overrides.json"), settings);
}
