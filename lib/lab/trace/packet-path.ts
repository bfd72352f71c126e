import ipaddr from "ipaddr.js";
import { ladderPicture } from "../../chart/ladder";
import type { MimeBundle, Picture } from "../../chart/picture";
import { packetTitle, traversalPicture } from "../../chart/traversal";
import { display } from "../../display";
import { checkPort, LabError } from "../../engine";
import { inspectNamespace } from "../../inspect/collect";
import type { Snapshot } from "../../inspect/snapshot";
import { type World, worldOf } from "../../inspect/world";
import {
  type Conversation,
  converse,
  hostGraphOf,
  type Journey,
  type JourneyOutcome,
  journey,
} from "../../netfilter/journey";
import type { Packet } from "../../netfilter/model";
import { addressWords } from "../../netfilter/routing/address";
import { FIRST } from "../../netfilter/routing/judge";
import { routeOut, sourceFor } from "../../netfilter/routing/output";
import type { PlaceTrace } from "../../netfilter/trace";
import type { LabContext } from "../context/lab-context";
import { ContainerPlace, type Place } from "../place/place";
import { lookAt } from "../topology/world";
import { type Arrival, isSettled } from "./arrival";
import { countersReport, HostCounters, type HostObservation } from "./host-counters";
import { JourneyPicture } from "./journey-picture";
import { type Traceable, traceFlow } from "./live-trace";
import { type Circumstances, type Observation, observe, observeLater } from "./observation";
import { traceReport } from "./observed";
import { REPEATS, repeatProbe, type Sent, sendProbe, sourcePort } from "./probe";
import { readUdpDrops, type UdpDrops } from "./udp-drops";

/** Destination of a packet: an IP address, or an object that has one, such as a place or a service. */
export type Destination =
  | string
  | { readonly address: string }
  | { readonly clusterIP: string; readonly name?: string };

/** Sender and destination of a packet, and options of the trace. */
interface TraceEnds {
  /** The place that sends the packet. */
  readonly from: Place;
  readonly to: Destination;
  /** Source address of the packet. Default: the address that the sender's routes select. */
  readonly source?: string;
  /**
   * Whether the path includes the engine's machine as a place. If br_netfilter is enabled, frames between two
   * containers of the lab's network also pass its iptables rules, for example those of Docker. Packets to a port that
   * is published on 127.0.0.1 pass through it too. The machine is only read, not traced: its counters before and after
   * sending are compared with the prediction, see {@link PacketPath.counted}. Requires a lab with one engine.
   *
   * Default: false, because the machine's rules are not part of the lab and differ between machines, and because a
   * third namespace makes a picture of two harder to understand.
   */
  readonly host?: boolean;
}

/**
 * The packet to follow: TCP or UDP to a destination port, or an ICMP echo request. Specify exactly one of `tcp`, `udp`
 * and `icmp`.
 *
 * @example
 * import { Lab, type TraceRequest } from "wirebook";
 * const lab = await Lab.open("trace-request-example");
 * const request: TraceRequest = { from: await lab.pod("client"), to: lab.outside, icmp: true };
 * console.log((await lab.predict(request)).outcome?.verdict);
 * await lab.close();
 */
export type TraceRequest = TraceEnds &
  (
    | { readonly tcp: number; readonly udp?: never; readonly icmp?: never }
    | { readonly udp: number; readonly tcp?: never; readonly icmp?: never }
    | { readonly icmp: true; readonly tcp?: never; readonly udp?: never }
  );

/** The input of a prediction. */
export interface Looked {
  /** The snapshots of all namespaces. */
  readonly snapshots: readonly Snapshot[];
  /** Name of the place that sends the packet. */
  readonly from: string;
  readonly packet: Packet;
  /** Names of addresses that no link has, such as a ClusterIP. */
  readonly called: Readonly<Record<string, string>>;
}

/** Observations of a packet that was sent. Contains no conclusions. */
export interface Seen {
  /** The kernel's trace of each namespace. */
  readonly traces?: readonly PlaceTrace[];
  /** Output of the program that sent the packet. */
  readonly sent?: Sent;
  /** Number of datagrams that the sockets of its port discarded since it was sent, by place. UDP only. */
  readonly dropped?: UdpDrops;
  /** Why the kernel's trace could not be read. */
  readonly unobserved?: string;
  /** Result for the counters of the engine's machine. */
  readonly counted?: HostObservation;
}

/** Results that were already computed from a {@link Looked}. */
interface Known {
  readonly world?: World;
  readonly path?: Journey;
  /** The later packets of the connection. The key is the index of the outcome and the answer to it. */
  readonly talks?: Map<string, Conversation>;
}

/**
 * The path of one packet through the namespaces of a lab. It is predicted from their routes and rules. If the packet
 * was sent, the kernel's trace confirms or refutes the prediction. As the value of a cell, it is displayed as a
 * picture.
 *
 * @example
 * import { Lab } from "wirebook";
 * const lab = await Lab.open("packet-path-example");
 * const client = await lab.pod("client");
 * const path = await lab.trace({ from: client, to: lab.outside, tcp: 80 });
 * console.log(path.agrees, path.arrival?.kind, path.outcome?.verdict);
 * console.log(path.picture.text, path.ladder.text);
 * await lab.close();
 */
export class PacketPath implements Journey {
  /** The packet as the sender sends it. */
  readonly packet: Packet;
  /** All possible outcomes with their probabilities. There are several if a rule decides at random. */
  readonly outcomes: readonly JourneyOutcome[];
  /** Result of the kernel's trace. Absent if the packet was not sent, or if the trace could not be read. */
  readonly observed: Observation | undefined;
  /** Why the trace could not be read. Absent if it was read, or if the packet was not sent. */
  readonly unobserved: string | undefined;
  /**
   * Result for the counters of the engine's machine. Present if the trace was requested with `host` and the path passes
   * through the machine.
   */
  readonly counted: HostObservation | undefined;
  /** The input of the prediction. */
  readonly looked: Looked;
  /** The observations, including the traces that also confirm the reply and the second packet. */
  readonly seen: Seen;
  readonly #world: World;
  readonly #names: Readonly<Record<string, string>>;
  readonly #talks: Map<string, Conversation>;

  /** @param known - results that were already computed from `looked`. Default: computes them. */
  constructor(looked: Looked, seen: Seen = {}, known: Known = {}) {
    this.looked = looked;
    this.seen = seen;
    this.#world = known.world ?? worldOf(looked.snapshots);
    this.#names = { ...namesOf(looked.snapshots), ...looked.called };
    this.packet = looked.packet;
    this.outcomes = (known.path ?? journey(this.#world, looked.from, looked.packet)).outcomes;
    this.#talks = known.talks ?? new Map();
    this.observed = seen.traces && observe(this, seen.traces, this.#circumstances);
    this.unobserved = seen.unobserved;
    this.counted = seen.counted;
  }

  /**
   * True if the traced rules are the predicted ones, the machine's counters do not contradict the prediction, and the
   * packet was seen to arrive, or to be stopped, where predicted. Undefined if the packet was not traced, or if its
   * arrival could not be observed; {@link arrival} contains the reason.
   */
  get agrees(): boolean | undefined {
    return this.counted?.agrees === false ? false : this.observed?.agrees;
  }

  /** How far the packet was seen to get, with the evidence. Absent if it was not traced. */
  get arrival(): Arrival | undefined {
    return this.observed?.arrival;
  }

  /** The outcome that the packet took according to the trace. Without a trace: the first one. */
  get outcome(): JourneyOutcome | undefined {
    return this.outcomes[this.#taken];
  }

  /**
   * The path of the reply, predicted with the conntrack entries that this packet creates. Absent if there is no reply.
   * Its `agrees` is the result of the kernel's trace for the reply.
   */
  get reply(): JourneyPicture | undefined {
    const { reply } = this.#talk;
    return reply && new JourneyPicture(reply, "the reply", this.#names, this.#replySeen(reply));
  }

  /**
   * The path of the sender's second packet. It skips the rules of the nat table, because only the first packet of a
   * connection passes them (iptables(8)). Absent if no reply reaches the sender, or if
   * the reply refuses the connection.
   */
  get second(): JourneyPicture | undefined {
    const { reply, second } = this.#talk;
    // The sender sends no second packet after a refusal.
    if (second === undefined || this.arrival?.kind === "refused") return undefined;
    const before = [this.observed, reply && this.#replySeen(reply)];
    const seen = observeLater(second, this.#traces, before, this.#circumstances);
    return new JourneyPicture(second, "the second packet", this.#names, seen);
  }

  /** A picture of the packet's addresses at every hop, for the packet and its reply. */
  get ladder(): Picture {
    const { reply } = this;
    const title = packetTitle(this.packet, this.#names);
    return ladderPicture(this, { title, outcome: this.#taken, ...(reply ? { reply } : {}) });
  }

  /** The predicted path, with the results of the trace and the counters. */
  get picture(): Picture {
    const report = this.observed && traceReport(this.observed, this.outcome);
    return traversalPicture(this, {
      outcome: this.#taken,
      names: this.#names,
      ...(report ? { observed: report } : {}),
      ...(this.counted ? { counted: countersReport(this.counted) } : {}),
    });
  }

  /** Returns the picture as text. */
  toString(): string {
    return this.picture.text;
  }

  [display](): Promise<MimeBundle> {
    return this.picture[display]();
  }

  #replySeen(reply: Journey): Observation | undefined {
    return observeLater(reply, this.#traces, [this.observed], this.#circumstances);
  }

  get #talk(): Conversation {
    const taken = this.#taken;
    const answer = this.arrival?.kind === "refused" ? "refuses" : "accepts";
    const key = `${taken} ${answer}`;
    const known = this.#talks.get(key);
    if (known !== undefined) return known;
    const follow = (outcomes: readonly JourneyOutcome[]): JourneyOutcome | undefined => outcomes[taken];
    const talk = converse(this.#world, this.looked.from, this.packet, { follow, answer });
    this.#talks.set(key, talk);
    return talk;
  }

  get #circumstances(): Circumstances {
    const { sent, dropped } = this.seen;
    const mac = (place: string, link: string): string | undefined => {
      const found = hostGraphOf(this.#world)
        .hosts.get(place)
        ?.links.find(({ name }) => name === link);
      return found?.master === undefined ? found?.mac : undefined;
    };
    return { mac, ...(sent ? { sent } : {}), ...(dropped ? { dropped } : {}) };
  }

  get #traces(): readonly PlaceTrace[] {
    return this.seen.traces ?? [];
  }

  get #taken(): number {
    const index = this.observed?.outcome ?? 0;
    return index >= 0 && index < this.outcomes.length ? index : 0;
  }
}

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

interface Prepared {
  readonly world: World;
  readonly path: PacketPath;
  readonly places: readonly Place[];
  /** Snapshot of the engine's machine. Absent if the trace does not include it. */
  readonly host?: Snapshot;
}

async function prepare(context: LabContext, request: TraceRequest): Promise<Prepared> {
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
  return { world, path: new PacketPath(looked, {}, { world }), places, ...(host ? { host } : {}) };
}

/** Takes a snapshot of the engine's machine, through the session's shell on it. */
async function lookAtHost(context: LabContext, place: string): Promise<Snapshot> {
  if (context.runtimes.length > 1) {
    throw new LabError("NOT_SUPPORTED", {
      where: place,
      found: "the lab spans several engines, and an overlay network encapsulates the packets between them",
      advice: "Trace without { host: true }, or on a lab with one engine.",
    });
  }
  context.session.check(place);
  return inspectNamespace(context.session.hostShell, place);
}

function unknown(name: string): LabError {
  return new LabError("UNKNOWN_PLACE", {
    where: name,
    found: "cannot send a packet from there: it is not running or is not a place of this lab",
    advice: "Send from a pod, a namespace, a node, a Docker host or the outside.",
  });
}

function namesOf(snapshots: readonly Snapshot[]): Readonly<Record<string, string>> {
  const names: Record<string, string> = {};
  for (const { place, links } of snapshots) {
    for (const { addresses, name } of links) {
      if (name === "lo" || name === "docker0") continue;
      for (const { address } of addresses) names[address] ??= place;
    }
  }
  return names;
}

/** Returns the name of a service's ClusterIP. No link has this address, so the snapshots do not contain its name. */
function serviceName(to: Destination): Readonly<Record<string, string>> {
  return typeof to === "object" && "clusterIP" in to && to.name !== undefined
    ? { [to.clusterIP]: `service ${to.name}` }
    : {};
}

function packetOf(world: World, own: Snapshot, request: TraceRequest): Packet {
  const where = `packet from ${own.place}`;
  const dst = addressOf(request.to, where);
  const { hosts, aliases } = hostGraphOf(world);
  const host = hosts.get(aliases.get(own.place) ?? own.place)?.host;
  const words = addressWords(dst);
  const route = host && words ? routeOut(host, words, { mark: 0 }, FIRST) : undefined;
  const chosen = host && words && route?.kind === "out" ? sourceFor(host, route.out, words) : undefined;
  const family = dst.includes(":") ? "ipv6" : "ipv4";
  const src = request.source ?? chosen ?? (family === "ipv6" ? "::" : "0.0.0.0");
  const common = {
    family,
    src,
    dst,
    ttl: 64,
    tos: 0,
    mark: 0,
    owner: { uid: 0, gid: 0, groups: [0] },
  } as const;
  if (request.udp !== undefined) {
    return {
      ...common,
      protocol: "udp",
      sport: sourcePort(),
      dport: checkPort(request.udp, where),
      length: 29,
    };
  }
  if (request.tcp !== undefined) {
    const ports = { sport: sourcePort(), dport: checkPort(request.tcp, where) };
    return { ...common, protocol: "tcp", ...ports, tcpFlags: ["SYN"], length: 60 };
  }
  const echo = { type: family === "ipv6" ? 128 : 8, code: 0, id: sourcePort() };
  return { ...common, protocol: family === "ipv6" ? "ipv6-icmp" : "icmp", icmp: echo, length: 84 };
}

function addressOf(to: Destination, where: string): string {
  const text = typeof to === "string" ? to : "clusterIP" in to ? to.clusterIP : to.address;
  if (ipaddr.isValid(text) && (text.includes(":") || ipaddr.IPv4.isValidFourPartDecimal(text))) return text;
  throw new LabError("BAD_ADDRESS", {
    where,
    found: `${JSON.stringify(text)} is not an address`,
    advice: "Send it to an address such as 10.244.1.2, to a place that has one, or to a service.",
  });
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
