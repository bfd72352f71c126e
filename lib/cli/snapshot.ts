import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { Engine } from "../engine/engine";
import { errno } from "../engine/errors/known-errors";
import { LabError } from "../engine/errors/lab-error";
import { inspectNamespace } from "../inspect/collect";
import type { Snapshot } from "../inspect/snapshot";
import { Session } from "../lab/runtime/session";

interface Options {
  readonly output?: string;
}

/** Configures `wirebook snapshot [CONTAINER]`: prints the state of a netns as JSON. Only reads from the netns. */
export function configure(command: Command): void {
  command
    .argument("[container]", "name or id of a container; default: the host of the engine")
    .option("-o, --output <file>", "write to this file instead of stdout")
    .action(async (container: string | undefined, { output }: Options) => {
      // Ignore EPIPE: the reader closed the pipe (`| head`).
      process.stdout.on("error", (error) => {
        if (errno(error) !== "EPIPE") throw error;
      });
      const text = `${JSON.stringify(await take(await Engine.connect(), container), undefined, 2)}\n`;
      if (output === undefined) process.stdout.write(text);
      else await writeFile(output, text);
    });
}

/**
 * Takes one snapshot in a temporary session.
 *
 * @throws LabError `CONTAINER_GONE` if the container does not exist, `NOT_RUNNING` if it has no network namespace.
 */
export async function take(engine: Engine, container?: string): Promise<Snapshot> {
  const info = container === undefined ? undefined : await engine.containers.inspect(container);
  if (info && info.pid === 0) {
    throw new LabError("NOT_RUNNING", {
      where: info.name,
      found: "the container does not run, so it has no network namespace",
      advice: `Start it: docker start ${info.name}.`,
    });
  }
  const session = await Session.on(engine);
  try {
    if (!info) return await inspectNamespace(session.hostShell, "host");
    return await inspectNamespace(session.toolbox.enter(info.pid, info.name).shell, info.name);
  } finally {
    await session.end();
  }
}
