import type { Command } from "commander";
import { Engine } from "../engine/engine";
import { LabError } from "../engine/errors/lab-error";

/** The value of the option `--engine`. */
export interface EngineOptions {
  readonly engine?: readonly string[];
}

/** Adds the option `--engine`, for labs that span several engines. */
export function engineOption(command: Command): Command {
  return command.option(
    "--engine <url...>",
    "engines to connect to: values of DOCKER_HOST such as ssh://me@two, or docker contexts (default: the engine that docker uses)",
  );
}

/**
 * Connects to the named engines, or to the one that the docker command would use. If some of them don't answer, prints
 * their errors to stderr, sets the exit code to 1 and returns the others, so that these can still be listed and cleaned.
 *
 * @throws LabError if no engine answers.
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
