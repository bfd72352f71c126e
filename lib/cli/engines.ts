import type { Command } from "commander";
import { Engine } from "../engine/engine";
import { LabError } from "../engine/errors/lab-error";

/** What `--engine` gives a command. */
export interface EngineOptions {
  readonly engine?: readonly string[];
}

/** Lets a command ask other engines than the one that the docker command would use: the engines of a lab over several. */
export function engineOption(command: Command): Command {
  return command.option(
    "--engine <url...>",
    "engines to ask, as DOCKER_HOST names them, or docker contexts: ssh://me@two (default: the one that docker would use)",
  );
}

/**
 * The engines that were named, or the one that the docker command would use. One of several that does not answer is told
 * on stderr, and the command's exit code is 1: what the others have can still be seen and cleared.
 *
 * @throws LabError when none answers.
 */
export async function connectAll(urls: readonly string[] = []): Promise<readonly Engine[]> {
  if (urls.length === 0) return [await Engine.connect()];
  const answers = await Promise.allSettled(urls.map((host) => Engine.connect({ host })));
  const engines = answers.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const failures: unknown[] = answers.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
  const other = failures.find((failure) => engines.length === 0 || !(failure instanceof LabError));
  if (other !== undefined) throw other;
  for (const failure of failures) {
    if (failure instanceof LabError) console.error(failure.message);
    process.exitCode = 1;
  }
  return engines;
}
