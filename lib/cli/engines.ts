import type { Command } from "commander";
import { Engine } from "../engine/engine";

/** What `--engine` gives a command. */
export interface EngineOptions {
  readonly engine?: readonly string[];
}

/** Lets a command ask other engines than the one that the docker command would use: the engines of a lab over several. */
export function engineOption(command: Command): Command {
  return command.option(
    "--engine <url...>",
    "engines to ask, as DOCKER_HOST names them: ssh://me@two (default: the one that docker would use)",
  );
}

/** The engines that were named, or the one that the docker command would use. */
export function connectAll(urls: readonly string[] = []): Promise<readonly Engine[]> {
  return Promise.all(urls.length === 0 ? [Engine.connect()] : urls.map((host) => Engine.connect({ host })));
}
