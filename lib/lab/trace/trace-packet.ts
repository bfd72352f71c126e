import { LabError } from "../../engine";
import type { World } from "../../inspect/world";
import { type Conversation, hostGraphOf, type Journey } from "../../netfilter/journey";
import type { LabContext } from "../context/lab-context";
import { ContainerPlace, type Place } from "../place/place";
import { isSettled } from "./arrival";
import { HostCounters } from "./host-counters";
import type { Traceable } from "./live/live-trace";
import { traceFlow } from "./live/trace-flow";
import { readUdpDrops } from "./live/udp-drops";
import { PacketPath, type Seen } from "./packet-path";
import { lookAtHost, prepare, unknown } from "./predict-path";
import { REPEATS, repeatProbe, sendProbe } from "./probe";
import type { TraceRequest } from "./trace-request";

/**
 * Predicts the path of a packet, sends the packet, and reads the kernel's trace of it in every namespace of the path.
 * The tables that tracing adds are removed before this returns.
 *
 * Shell: `nft monitor trace` in each namespace while `socat` or `ping` sends the packet.
 *
 * @returns the path. If the trace cannot be read, it contains the prediction and `unobserved`.
 * @throws LabError as {@link predict}. `UNKNOWN_PLACE` also if the sender is not a container's namespace.
 */
export async function trace(context: LabContext, request: TraceRequest): Promise<PacketPath> {
  const { world, path, places, host } = await prepare(context, request);
  const { from } = request;
  if (!(from instanceof ContainerPlace)) throw unknown(from.name);
  const talks = new Map<string, Conversation>();
  const confirmed = (seen: Seen): PacketPath => new PacketPath(path.looked, seen, { world, path, talks });
  const crossed = new Set(path.outcomes.flatMap(({ steps }) => steps.map(({ place }) => place)));
  const namespaces = places.flatMap((place) =>
    place instanceof ContainerPlace && crossed.has(place.name) ? [traceable(place, world)] : [],
  );
  const counters =
    host !== undefined && crossed.has(host.place)
      ? new HostCounters(host, () => lookAtHost(context, host.place))
      : undefined;
  const sendOnce = () => sendProbe(from, path.packet);
  const ports = udpPorts(path, places);
  try {
    const before = await readUdpDrops(ports);
    const { traces, result: sent } = await traceFlow(path, {
      namespaces,
      anyPort: true,
      send: counters === undefined ? sendOnce : () => counters.during(1, sendOnce, path.packet.family),
      complete: (seen, said) => isComplete(confirmed({ traces: seen, sent: said })),
    });
    const after = await readUdpDrops(ports);
    const dropped = new Map([...after].map(([place, sum]) => [place, sum - (before.get(place) ?? 0)]));
    const seen = { traces, sent, ...(dropped.size > 0 ? { dropped } : {}) };
    if (counters === undefined) return confirmed(seen);
    // Other traffic can hide a single packet in the counters. Several more packets of the same kind stand out from it.
    await counters.during(REPEATS, () => repeatProbe(from, path.packet), path.packet.family);
    const taken = Math.max(confirmed(seen).observed?.outcome ?? 0, 0);
    const counted = counters.judge(world, path.looked.from, path, taken);
    return confirmed({ ...seen, counted });
  } catch (error) {
    if (error instanceof LabError && (error.code === "COMMAND_FAILED" || error.code === "TIMED_OUT")) {
      return confirmed({ unobserved: error.message });
    }
    throw error;
  }
}

/** Returns the ports to which the datagram may be delivered, by place. Empty for other protocols. */
function udpPorts({ outcomes, packet }: Journey, places: readonly Place[]): Map<ContainerPlace, number> {
  const ports = new Map<ContainerPlace, number>();
  if (packet.protocol !== "udp") return ports;
  for (const { delivered, packet: last, place: name } of outcomes) {
    const place = places.find((each) => each.name === name);
    if (delivered && place instanceof ContainerPlace && last.dport !== undefined)
      ports.set(place, last.dport);
  }
  return ports;
}

/** Whether all expected packets were seen: the packet at the end of its path, its reply, and TCP's second packet. */
function isComplete(path: PacketPath): boolean {
  const { arrival, reply, second } = path;
  if (path.observed?.agrees !== true || arrival === undefined || !isSettled(arrival)) return false;
  if (arrival.kind === "refused") return !arrival.answered || reply?.agrees === true;
  if (arrival.kind !== "delivered" || arrival.by !== "answer") return true;
  const connected = path.packet.protocol !== "tcp" || second === undefined || second.agrees === true;
  return (reply === undefined || reply.agrees === true) && connected;
}

function traceable(place: ContainerPlace, world: World): Traceable {
  const links = hostGraphOf(world).hosts.get(place.name)?.links ?? [];
  return {
    place: place.name,
    links: links.flatMap(({ name, kind }) => (name === "lo" || kind === "loopback" ? [] : [name])),
    open: async (argv, sink) => {
      const { toolbox, pid } = await place.netnsHandle();
      const enter = ["nsenter", "-t", String(pid), "-n", ...argv];
      return toolbox.engine.open(toolbox.container, enter, { where: place.name, sink });
    },
  };
}
