import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { findEndpoint } from "../engine/endpoint";
import { Engine } from "../engine/engine";
import { LabError } from "../engine/error";
import { dial } from "../engine/transport";
import { imagesRoot } from "../setup/images";
import { missingImages } from "../setup/index";

/** What a look at one need of Wirebook found: `advice` is there when something is to be done. */
export interface Finding {
  readonly need: string;
  readonly found: string;
  readonly advice?: string;
}

/** Adds the action of `wirebook doctor`: a line for each need, exit code 1 when one is not met. */
export function configure(command: Command): void {
  command.action(async () => {
    const findings = await examine();
    for (const finding of findings) console.log(line(finding));
    if (findings.some(({ advice }) => advice !== undefined)) process.exitCode = 1;
  });
}

/** `✓ need: found`, or `✕ need: found` with the advice below it. */
export function line({ need, found, advice }: Finding): string {
  return advice === undefined ? `✓ ${need}: ${found}` : `✕ ${need}: ${found}\n    ${advice}`;
}

/** Looks at everything that Wirebook needs on this machine. Nothing is changed by it. */
export async function examine(): Promise<readonly Finding[]> {
  const folder = join(imagesRoot(), "..", ".wirebook", "python");
  return [
    node(process.versions.node),
    ...(await engine()),
    present("Python environment", join(folder, "bin", "jupyter-lab")),
    present("kernel", join(folder, "share", "jupyter", "kernels", "wirebook", "kernel.json")),
  ];
}

/** Whether this Node is recent enough: 20.19 is the first that loads ECMAScript modules with `require`. */
export function node(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const need = "Node";
  if (major > 20 || (major === 20 && minor >= 19)) return { need, found: version };
  return { need, found: version, advice: "Wirebook needs Node 20.19 or newer: https://nodejs.org" };
}

async function engine(): Promise<Finding[]> {
  try {
    const { name, version, kind } = await Engine.connect();
    const missing = await missingImages(dial(findEndpoint()));
    const images: Finding =
      missing.length === 0
        ? { need: "images", found: "all of this version are built" }
        : { need: "images", found: `not built: ${missing.join(", ")}`, advice: "Build them: npm start" };
    return [{ need: "engine", found: `${kind} ${version} on ${name}` }, images];
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    return [{ need: "engine", found: `${error.code}  ${error.where}: ${error.found}`, advice: error.advice }];
  }
}

function present(need: string, path: string): Finding {
  return existsSync(path)
    ? { need, found: path }
    : { need, found: "not there", advice: "Make it: npm start" };
}
