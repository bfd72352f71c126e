import type { World, WorldPlace } from "../chart/topology/world";
import { LabError } from "../engine";
import { findPairs } from "../inspect/pairs";
import type { Snapshot } from "../inspect/snapshot";
import type { Ground } from "./ground";
import type { Place } from "./place";

/** A look at some places at one moment; one that cannot be asked any more has none. */
export async function lookAt(places: readonly Place[]): Promise<ReadonlyMap<Place, Snapshot | undefined>> {
  const entries = await Promise.all(
    places.map(async (place) => [place, await place.snapshot().catch(ignoreGone)] as const),
  );
  return new Map(entries);
}

function ignoreGone(error: unknown): undefined {
  if (error instanceof LabError && (error.code === "CONTAINER_GONE" || error.code === "NOT_RUNNING"))
    return undefined;
  throw error;
}

/** Everything a topology is drawn from: all places of a lab, what each looks like, and which links are pairs. */
export async function worldOf(ground: Ground, notes: readonly string[] = []): Promise<World> {
  const places = await ground.allPlaces();
  const [looks, boxes] = await Promise.all([
    lookAt(places),
    Promise.all(places.map((place) => place.boxes?.().catch(() => []) ?? [])),
  ]);
  const known = new Set(places.map(({ name }) => name));
  const worldPlaces = places.map((place, index): WorldPlace => {
    const snapshot = looks.get(place);
    const containers = boxes[index] ?? [];
    return {
      name: place.name,
      kind: place.kind,
      ...(place.parent !== undefined && known.has(place.parent) ? { parent: place.parent } : {}),
      ...(snapshot ? { snapshot } : {}),
      ...(containers.length > 0 ? { containers } : {}),
      ...(place.detail === undefined ? {} : { detail: place.detail }),
    };
  });
  return {
    name: ground.name,
    network: { name: "lab network", subnet: ground.subnet.text },
    places: worldPlaces,
    pairs: findPairs([...looks.values()].flatMap((look) => (look ? [look] : []))),
    ...(notes.length > 0 ? { notes } : {}),
  };
}
