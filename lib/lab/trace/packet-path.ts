import ipaddr from "ipaddr.js";
import { ladderPicture } from "../../chart/ladder";
import type { MimeBundle, Picture } from "../../chart/picture";
import { packetTitle, traversalPicture } from "../../chart/traversal";
import { display } from "../../display";
import { checkPort, LabError } from "../../engine";
import { inspectNamespace } from "../../inspect/collect";
import type { Snapshot } from "../../inspect/snapshot";
import {
  type Conversation,
  converse,
  type Journey,
  type JourneyOutcome,
  journey,
  type World,
  worldOf,
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

/** Something with an address that a packet can be sent to. */
export type Destination =
  | string
  | { readonly address: string }
  | { readonly clusterIP: string; readonly name?: string };

/** The sender of a packet, its destination, and what else a trace needs to know. */
interface TraceEnds {
  readonly from: Place;
  readonly to: Destination;
  /** Address that the sender is bound to. Default: the one that its routes choose. */
  readonly source?: string;
  /**
   * Takes the engine's own machine in as a place. Where br_netfilter is on, its rules (Docker's own) are asked for every
   * frame between two containers of the lab's network, and what reaches a published port of 127.0.0.1 crosses it as well.
   * It is read and never traced: its counters before and after are the witness, {@link PacketPath.counted}.
   *
   * Default: false. A beginner's picture of two namespaces would gain a third, whose rules are the machine's, not the
   * lab's, and differ from one machine to the next.
   */
  readonly host?: boolean;
}

/** The packet to follow. It is TCP or UDP to a destination port, or an ICMP echo request: exactly one of the three. */
export type TraceRequest = TraceEnds &
  (
    | { readonly tcp: number; readonly udp?: never; readonly icmp?: never }
    | { readonly udp: number; readonly tcp?: never; readonly icmp?: never }
    | { readonly icmp: true; readonly tcp?: never; readonly udp?: never }
  );

/** What a path is predicted from. */
export interface Looked {
  /** What every namespace looked like. */
  readonly snapshots: readonly Snapshot[];
  /** Name of the place that sends the packet. */
  readonly from: string;
  readonly packet: Packet;
  /** Names of addresses that stand on no interface. */
  readonly called: Readonly<Record<string, string>>;
}

/** What was seen of a packet that was really sent: nothing that follows from it. */
export interface Seen {
  /** What the kernel reported in each namespace. */
  readonly traces?: readonly PlaceTrace[];
  /** What the sending program said. */
  readonly sent?: Sent;
  /** How many datagrams the sockets of its port discarded meanwhile, by place. */
  readonly dropped?: UdpDrops;
  readonly unobserved?: string;
  readonly counted?: HostObservation;
}

/** What follows from what was looked at, where it was worked out before. */
interface Known {
  readonly world?: World;
  readonly path?: Journey;
  /** The packets that follow, by the outcome that is answered and the answer. */
  readonly talks?: Map<string, Conversation>;
}

/**
 * The way of one packet through all namespaces of a lab: predicted from their routes and rules, and, where it was really
 * sent, confirmed or refuted by the kernel's own trace. Drawn as the value of a cell.
 */
export class PacketPath implements Journey {
  readonly packet: Packet;
  /** Every way on which chance can decide, with its probability. */
  readonly outcomes: readonly JourneyOutcome[];
  /** What the kernel's trace said; absent when the packet was not sent, or the kernel cannot be asked. */
  readonly observed: Observation | undefined;
  /** Why the kernel could not be asked. */
  readonly unobserved: string | undefined;
  /** What the counters of the engine's own machine said, where `host` was asked for. */
  readonly counted: HostObservation | undefined;
  /** What the prediction was made from. */
  readonly looked: Looked;
  /** What the kernel did, with the traces from which the reply and the second packet are confirmed. */
  readonly seen: Seen;
  readonly #world: World;
  readonly #names: Readonly<Record<string, string>>;
  readonly #talks: Map<string, Conversation>;

  /** @param known - what follows from `looked`, where it was worked out before. */
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
   * True when the kernel did what was predicted: by its trace, by the machine's counters, and because the packet was seen
   * to arrive, or to be stopped, where predicted. Undefined when it was not asked, or when nobody saw whether the packet
   * arrived; {@link arrival} says why.
   */
  get agrees(): boolean | undefined {
    return this.counted?.agrees === false ? false : this.observed?.agrees;
  }

  /** How far the packet was seen to get, and who says so; absent when it was not sent. */
  get arrival(): Arrival | undefined {
    return this.observed?.arrival;
  }

  /** The outcome that the kernel took, or the likeliest one where it was not asked. */
  get outcome(): JourneyOutcome | undefined {
    return this.outcomes[this.#taken];
  }

  /**
   * The way of the reply, with the connections that this packet left behind; absent where nobody answers. Its own `agrees`
   * says whether the kernel's trace had it so.
   */
  get reply(): JourneyPicture | undefined {
    const { reply } = this.#talk;
    return reply && new JourneyPicture(reply, "the reply", this.#names, this.#replySeen(reply));
  }

  /** The sender's second packet: no nat rule is asked for it any more. Absent where no reply came back. */
  get second(): JourneyPicture | undefined {
    const { reply, second } = this.#talk;
    // After a refusal the sender sends nothing more.
    if (second === undefined || this.arrival?.kind === "refused") return undefined;
    const before = [this.observed, reply && this.#replySeen(reply)];
    const seen = observeLater(second, this.#traces, before, this.#circumstances);
    return new JourneyPicture(second, "the second packet", this.#names, seen);
  }

  /** The addresses at every hop, there and back. */
  get ladder(): Picture {
    const { reply } = this;
    const title = packetTitle(this.packet, this.#names);
    return ladderPicture(this, { title, outcome: this.#taken, ...(reply ? { reply } : {}) });
  }

  get picture(): Picture {
    const report = this.observed && traceReport(this.observed, this.outcome);
    return traversalPicture(this, {
      outcome: this.#taken,
      names: this.#names,
      ...(report ? { observed: report } : {}),
      ...(this.counted ? { counted: countersReport(this.counted) } : {}),
    });
  }

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
      const found = this.#world.hosts.get(place)?.links.find(({ name }) => name === link);
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
 * Predicts the way of a packet from what all namespaces look like now. Nothing is sent.
 *
 * @throws LabError `BAD_ADDRESS`, `BAD_PORT`, `UNKNOWN_PLACE` when the sender cannot be looked at.
 */
export async function predict(context: LabContext, request: TraceRequest): Promise<PacketPath> {
  return (await prepare(context, request)).path;
}

/**
 * Predicts the way of a packet, then really sends it and reads the kernel's trace of it in every namespace on the way.
 * What tracing sets up bears a name of ours, and is gone when this returns.
 *
 * Shell: `nft monitor trace` in each namespace while `curl`, `nc -u` or `ping` sends.
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
    // One packet is soon lost among others: more of the same tell what is the flow's and what is not.
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

/** The ports at which a datagram may be delivered, by place. */
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

/** Whether nothing that is expected is still to be seen: the packet at its end, and the ones that answer it. */
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
  /** How the engine's own machine looked, where it is a place of the path. */
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

/** The engine's own machine, read through the session's shell in it. */
async function lookAtHost(context: LabContext, place: string): Promise<Snapshot> {
  if (context.runtimes.length > 1) {
    throw new LabError("NOT_SUPPORTED", {
      where: place,
      found: "the lab spans several engines: what crosses their machines is inside an overlay network",
      advice: "Trace without { host: true }, or on a lab with one engine.",
    });
  }
  context.session.check(place);
  return inspectNamespace(context.session.hostShell, place);
}

function unknown(name: string): LabError {
  return new LabError("UNKNOWN_PLACE", {
    where: name,
    found: "no packet can be sent from there: it does not run, or is no place of this lab",
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

/** A service's address stands on no interface: the service itself says whose it is. */
function serviceName(to: Destination): Readonly<Record<string, string>> {
  return typeof to === "object" && "clusterIP" in to && to.name !== undefined
    ? { [to.clusterIP]: `service ${to.name}` }
    : {};
}

function packetOf(world: World, own: Snapshot, request: TraceRequest): Packet {
  const where = `packet from ${own.place}`;
  const dst = addressOf(request.to, where);
  const host = world.hosts.get(world.aliases.get(own.place) ?? own.place)?.host;
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
  const links = world.hosts.get(place.name)?.links ?? [];
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
