import { type Engine, LabError } from "../../engine";
import { findPairs } from "../../inspect/pairs";
import type { Snapshot } from "../../inspect/snapshot";
import type { World, WorldPlace } from "../../inspect/world";
import { withoutUndefined } from "../../without-undefined";
import type { LabContext } from "../context/lab-context";
import { ContainerPlace, type Place } from "../place/place";

/** Takes a snapshot of every place. It is undefined for places that don't exist any more. */
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

/** Inspects all places of a lab: their snapshots, their containers, and the pairs of links. */
export async function inspectWorld(context: LabContext, notes: readonly string[] = []): Promise<World> {
  const places = await context.allPlaces();
  const [looks, boxes] = await Promise.all([
    lookAt(places),
    Promise.all(places.map((place) => place.boxes?.().catch(() => []) ?? [])),
  ]);
  const known = new Set(places.map(({ name }) => name));
  const engines = enginesOf(context, known);
  const worldPlaces = places.map((place, index): WorldPlace => {
    const snapshot = looks.get(place);
    const containers = boxes[index] ?? [];
    return {
      name: place.name,
      kind: place.kind,
      ...parentOf(place, known, engines),
      ...withoutUndefined({ snapshot }),
      ...(containers.length > 0 ? { containers } : {}),
      ...withoutUndefined({ detail: place.detail }),
    };
  });
  return {
    name: context.name,
    network: {
      name: engines.length > 0 ? "lab network (overlay)" : "lab network",
      subnet: context.subnet.text,
    },
    places: [...engines.map(({ frame }) => frame), ...worldPlaces],
    pairs: findPairs([...looks.values()].flatMap((look) => (look ? [look] : []))),
    ...(notes.length > 0 ? { notes } : {}),
  };
}

interface EngineFrame {
  readonly engine: Engine;
  readonly frame: WorldPlace;
}

/** Returns a frame for each engine if a lab has several. */
function enginesOf({ runtimes }: LabContext, taken: ReadonlySet<string>): readonly EngineFrame[] {
  if (runtimes.length === 1) return [];
  return runtimes.map(({ engine, name, detail }) => {
    const frame = { name: taken.has(name) ? `engine ${name}` : name, kind: "engine" as const, detail };
    return { engine, frame };
  });
}

function parentOf(
  place: Place,
  known: ReadonlySet<string>,
  engines: readonly EngineFrame[],
): { readonly parent?: string } {
  if (place.parent !== undefined && known.has(place.parent)) return { parent: place.parent };
  if (!(place instanceof ContainerPlace)) return {};
  const around = engines.find(({ engine }) => engine === place.engine);
  return around === undefined ? {} : { parent: around.frame.name };
}
