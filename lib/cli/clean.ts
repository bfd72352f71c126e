import type { Command } from "commander";
import { endpointOf, findEndpoint } from "../engine/connection/endpoint";
import { dial } from "../engine/connection/transport";
import type { Engine } from "../engine/engine";
import { LabError } from "../engine/errors/lab-error";
import { type Belongings, belongings, removeBelongings } from "../lab/runtime/orphans";
import { removeImages } from "../setup";
import { connectAll, type EngineOptions, engineOption } from "./engines";

interface Options extends EngineOptions {
  readonly all?: boolean;
  readonly images?: boolean;
}

/** Configures `wirebook clean [SESSION…]`: removes sessions without a running reaper, the named ones, or all. */
export function configure(command: Command): void {
  engineOption(command)
    .argument("[session...]", "sessions to remove, as listed by `wirebook labs`; default: those left behind")
    .option("--all", "remove all sessions, including those with open notebooks")
    .option("--images", "also remove Wirebook's images (npm start builds them again)")
    .action(async (sessions: readonly string[], options: Options) => {
      const engines = await connectAll(options.engine);
      const found = await Promise.all(
        engines.map(async (engine) => (await belongings(engine)).map((each) => ({ ...each, engine }))),
      );
      const chosen = choose(found.flat(), sessions, options);
      await removeAll(chosen);
      for (const each of chosen) {
        const things = each.containers.length + (each.reaper ? 1 : 0);
        console.log(
          `${each.owner}  ${each.labs.join(" ") || "(no lab)"}: ${things} containers, ${each.networks.length} networks removed`,
        );
      }
      if (chosen.length === 0) console.log("Nothing was left behind.");
      if (options.images === true) {
        const endpoints = options.engine?.map((name) => endpointOf(name)) ?? [findEndpoint()];
        for (const endpoint of endpoints)
          for (const image of await removeImages(dial(endpoint))) console.log(`${image}  removed`);
      }
    });
}

// A network that spans several engines can be removed only after the containers on all of them. Runs in parallel, so
// that the engine that owns the network waits for the others.
async function removeAll(chosen: readonly (Belongings & { readonly engine: Engine })[]): Promise<void> {
  await Promise.all(chosen.map((each) => removeBelongings(each.engine, each)));
}

/**
 * Chooses the sessions to remove: the named ones, all, or those without a running reaper.
 *
 * @throws LabError `UNKNOWN_PLACE` for a session that does not exist.
 */
export function choose<Found extends Belongings>(
  found: readonly Found[],
  sessions: readonly string[],
  { all = false }: Pick<Options, "all">,
): readonly Found[] {
  for (const session of sessions) {
    if (found.some(({ owner }) => owner === session)) continue;
    throw new LabError("UNKNOWN_PLACE", {
      where: session,
      found: "there is no session with this name",
      advice: `List the sessions: npx wirebook labs.`,
    });
  }
  if (all) return found;
  if (sessions.length > 0) return found.filter(({ owner }) => sessions.includes(owner));
  return found.filter(({ reaper }) => reaper?.state !== "running");
}
