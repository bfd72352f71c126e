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

/** `wirebook clean [SESSION…]`: removes what nobody watches, or the sessions that are named, or all. */
export function configure(command: Command): void {
  engineOption(command)
    .argument("[session...]", "sessions to remove, as `wirebook labs` names them")
    .option("--all", "every session, also those whose notebooks are open")
    .option("--images", "Wirebook's images as well; npm start builds them again")
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

// A network over several engines goes when the containers of all of them have gone: side by side, so that the engine
// that has it waits for the others.
async function removeAll(chosen: readonly (Belongings & { readonly engine: Engine })[]): Promise<void> {
  await Promise.all(chosen.map((each) => removeBelongings(each.engine, each)));
}

/**
 * The sessions to remove: those that are named, all, or those that no reaper watches.
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
      found: "there is no session of this name",
      advice: `See which there are: npx wirebook labs.`,
    });
  }
  if (all) return found;
  if (sessions.length > 0) return found.filter(({ owner }) => sessions.includes(owner));
  return found.filter(({ reaper }) => reaper?.state !== "running");
}
