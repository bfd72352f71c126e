import type { Command } from "commander";
import { findEndpoint } from "../engine/endpoint";
import { Engine } from "../engine/engine";
import { LabError } from "../engine/error";
import { dial } from "../engine/transport";
import { type Belongings, belongings, removeBelongings } from "../lab/orphans";
import { removeImages } from "../setup";

interface Options {
  readonly all?: boolean;
  readonly images?: boolean;
}

/** `wirebook clean [SESSION…]`: removes what nobody watches, or the sessions that are named, or all. */
export function configure(command: Command): void {
  command
    .argument("[session...]", "sessions to remove, as `wirebook labs` names them")
    .option("--all", "every session, also those whose notebooks are open")
    .option("--images", "Wirebook's images as well; npm start builds them again")
    .action(async (sessions: readonly string[], options: Options) => {
      const engine = await Engine.connect();
      const chosen = choose(await belongings(engine), sessions, options);
      for (const each of chosen) {
        await removeBelongings(engine, each);
        const things = each.containers.length + (each.reaper ? 1 : 0);
        console.log(
          `${each.owner}  ${each.labs.join(" ") || "(no lab)"}: ${things} containers, ${each.networks.length} networks removed`,
        );
      }
      if (chosen.length === 0) console.log("Nothing was left behind.");
      if (options.images === true) {
        for (const image of await removeImages(dial(findEndpoint()))) console.log(`${image}  removed`);
      }
    });
}

/**
 * The sessions to remove: those that are named, all, or those that no reaper watches.
 *
 * @throws LabError `UNKNOWN_PLACE` for a session that does not exist.
 */
export function choose(
  found: readonly Belongings[],
  sessions: readonly string[],
  { all = false }: Options,
): readonly Belongings[] {
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
