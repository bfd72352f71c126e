import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { type Endpoint, endpointOf, findEndpoint, isPlain } from "../engine/connection/endpoint";
import { dial } from "../engine/connection/transport";
import { Engine } from "../engine/engine";
import { LabError } from "../engine/errors/lab-error";
import { checkSwarm } from "../lab/runtime/swarm";
import { imagesRoot } from "../setup/images";
import { missingImages } from "../setup/index";
import { type EngineOptions, engineOption } from "./engines";

/** The result of checking one requirement. `advice` is set if the requirement is not met. */
export interface Finding {
  readonly need: string;
  readonly found: string;
  readonly advice?: string;
}

/** Configures `wirebook doctor`: prints one line per requirement, and exits with 1 if one is not met. */
export function configure(command: Command): void {
  engineOption(command).action(async (options: EngineOptions) => {
    const findings = await examine(options.engine);
    for (const finding of findings) console.log(line(finding));
    if (findings.some(({ advice }) => advice !== undefined)) process.exitCode = 1;
  });
}

/** Formats a finding as `✓ need: found`, or as `✕ need: found` with the advice below. */
export function line({ need, found, advice }: Finding): string {
  return advice === undefined ? `✓ ${need}: ${found}` : `✕ ${need}: ${found}\n    ${advice}`;
}

/**
 * Checks all requirements of Wirebook on this machine. Changes nothing.
 *
 * @param engines - engines that should run one lab together; checks each of them and that they form one swarm.
 *   Default: the engine that the docker command would use.
 */
export async function examine(engines: readonly string[] = []): Promise<readonly Finding[]> {
  const folder = join(imagesRoot(), "..", ".wirebook", "python");
  return [
    node(process.versions.node),
    ...(engines.length === 0 ? await engine(findEndpoint) : await several(engines)),
    present("Python environment", join(folder, "bin", "jupyter-lab")),
    present("kernel", join(folder, "share", "jupyter", "kernels", "wirebook", "kernel.json")),
  ];
}

/** Checks the version of Node.js: 20.19 is the first one that can `require` ECMAScript modules. */
export function node(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const need = "Node";
  if (major > 20 || (major === 20 && minor >= 19)) return { need, found: version };
  return { need, found: version, advice: "Wirebook needs Node 20.19 or newer: https://nodejs.org" };
}

async function engine(find: () => Endpoint): Promise<Finding[]> {
  const need = "engine";
  try {
    const endpoint = find();
    const { name, version, kind } = await Engine.at(endpoint);
    const missing = await missingImages(dial(endpoint));
    const images: Finding =
      missing.length === 0
        ? { need: "images", found: "all of this version are built" }
        : { need: "images", found: `not built: ${missing.join(", ")}`, advice: "Build them: npm start" };
    const open = isPlain(endpoint)
      ? ", unencrypted: anyone who can read or change this traffic controls that machine"
      : "";
    return [{ need, found: `${kind} ${version} on ${name}${open}` }, images];
  } catch (error) {
    return [failed(need, error)];
  }
}

// One engine with all images is enough: opening a lab copies missing images to the other engines.
async function several(names: readonly string[]): Promise<Finding[]> {
  const found = await Promise.all(names.map((name) => engine(() => endpointOf(name))));
  const findings = found.flatMap(([first]) => (first ? [first] : []));
  if (findings.some(({ advice }) => advice !== undefined)) return findings;
  const images = found.flatMap(([, second]) => (second ? [second] : []));
  const best = images.find(({ advice }) => advice === undefined) ?? images[0];
  if (best) findings.push(best);
  if (names.length > 1) findings.push(await together(names));
  return findings;
}

async function together(names: readonly string[]): Promise<Finding> {
  const need = "one lab";
  try {
    const engines = await Promise.all(names.map((host) => Engine.connect({ host })));
    const members = await Promise.all(
      engines.map(async (each, index) => ({
        ...(await each.info()),
        engine: each,
        kind: each.kind,
        name: names[index] ?? "",
      })),
    );
    const manager = await checkSwarm(members, (member) => member.engine.swarmNodes());
    return { need, found: `${names.length} engines in one swarm; its manager is ${manager.name}` };
  } catch (error) {
    return failed(need, error);
  }
}

function failed(need: string, error: unknown): Finding {
  if (!(error instanceof LabError)) throw error;
  return { need, found: `${error.code}  ${error.where}: ${error.found}`, advice: error.advice };
}

function present(need: string, path: string): Finding {
  return existsSync(path)
    ? { need, found: path }
    : { need, found: "missing", advice: "Create it: npm start" };
}
