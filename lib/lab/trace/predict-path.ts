import { LabError } from "../../engine";
import { inspectNamespace } from "../../inspect/collect";
import type { Snapshot } from "../../inspect/snapshot";
import { type World, worldOf } from "../../inspect/world";
import { withoutUndefined } from "../../without-undefined";
import type { LabContext } from "../context/lab-context";
import type { Place } from "../place/place";
import { lookAt } from "../topology/world";
import { PacketPath } from "./packet-path";
import { packetOf, serviceName, type TraceRequest } from "./trace-request";

/**
 * Predicts the path of a packet from the current state of all namespaces. Sends nothing.
 *
 * @throws LabError `BAD_ADDRESS` if the destination has no valid address, `BAD_PORT` if the port is invalid,
 * `UNKNOWN_PLACE` if the sender is not running or not a place of this lab, `NOT_SUPPORTED` for `host` in a lab with
 * several engines.
 */
export async function predict(context: LabContext, request: TraceRequest): Promise<PacketPath> {
  return (await prepare(context, request)).path;
}

interface Prepared {
  readonly world: World;
  readonly path: PacketPath;
  readonly places: readonly Place[];
  /** Snapshot of the engine's machine. Absent if the trace does not include it. */
  readonly host?: Snapshot;
}

export async function prepare(context: LabContext, request: TraceRequest): Promise<Prepared> {
  const places = await context.allPlaces();
  const hostName = places.some(({ name }) => name === "host") ? "the machine" : "host";
  const [looks, host] = await Promise.all([
    lookAt(places),
    request.host === true ? lookAtHost(context, hostName) : undefined,
  ]);
  const snapshots = [...looks.values(), host].flatMap((look) => (look ? [look] : []));
  const own = [...looks].find(([place]) => place.name === request.from.name)?.[1];
  if (own === undefined) throw unknown(request.from.name);
  const world = worldOf(snapshots);
  const packet = packetOf(world, own, request);
  const looked = { snapshots, from: own.place, packet, called: serviceName(request.to) };
  return { world, path: new PacketPath(looked, {}, { world }), places, ...withoutUndefined({ host }) };
}

/** Takes a snapshot of the engine's machine, through the session's shell on it. */
export async function lookAtHost(context: LabContext, place: string): Promise<Snapshot> {
  if (context.runtimes.length > 1) {
    throw new LabError("NOT_SUPPORTED", {
      where: place,
      found:
        "{ host: true } is not possible in a lab with several engines, because an overlay network encapsulates the packets between them",
      advice: "Trace without { host: true }, or on a lab with one engine.",
    });
  }
  context.session.check(place);
  return inspectNamespace(context.session.hostShell, place);
}

export function unknown(name: string): LabError {
  return new LabError("UNKNOWN_PLACE", {
    where: name,
    found: "cannot send a packet from there: it is not running or is not a place of this lab",
    advice: "Send from a pod, a namespace, a node, a Docker host or the outside.",
  });
}
