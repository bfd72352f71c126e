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

/** `wirebook snapshot [CONTAINER]`: what a network namespace looks like, as JSON. Nothing is written to it. */
export function configure(command: Command): void {
  command
    .argument("[container]", "name or id of a container; default: the engine's own machine")
    .option("-o, --output <file>", "write it there instead of printing it")
    .action(async (container: string | undefined, { output }: Options) => {
      // Whoever reads only the beginning (`| head`) has had enough.
      process.stdout.on("error", (error) => {
        if (errno(error) !== "EPIPE") throw error;
      });
      const text = `${JSON.stringify(await take(await Engine.connect(), container), undefined, 2)}\n`;
      if (output === undefined) process.stdout.write(text);
      else await writeFile(output, text);
    });
}

/**
 * Takes one snapshot, through a session of its own that is gone afterwards.
 *
 * @throws LabError `CONTAINER_GONE` when there is no such container, `NOT_RUNNING` when it has no namespace.
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
