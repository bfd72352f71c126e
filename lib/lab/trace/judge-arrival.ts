import { type Answer, replyTo } from "../../netfilter/conntrack/reply";
import type { JourneyOutcome } from "../../netfilter/journey";
import type { Packet, Step } from "../../netfilter/model";
import {
  type Agreement,
  type PlaceTrace,
  type Seen,
  type SightingPoint,
  type Sightings,
  sameFlow,
} from "../../netfilter/trace";
import { withoutUndefined } from "../../without-undefined";
import type { Arrival, SeenAt } from "./arrival";
import type { UdpDrops } from "./live/udp-drops";
import type { Sent } from "./probe";

/** The observations from which the arrival of a packet is derived. */
export interface ArrivalEvidence {
  readonly traces: readonly PlaceTrace[];
  /** Result of comparing the traced rules with the predicted ones. */
  readonly agreement: Agreement;
  /** Output of the program that sent the first packet of the connection. */
  readonly sent?: Sent;
  /** Number of datagrams that the sockets of its port discarded since it was sent, by place. UDP only. */
  readonly dropped?: UdpDrops;
  /** Returns the MAC address of a link. Undefined if it is unknown or if the link is a bridge port. */
  readonly mac?: (place: string, link: string) => string | undefined;
}

/** Determines whether a packet ended as this outcome of its path predicts, from the sightings in each namespace. */
export function judgeArrival(outcome: JourneyOutcome, evidence: ArrivalEvidence): Arrival {
  const end = new End(outcome, evidence);
  if (outcome.verdict === "unknown") {
    return { ...end.lastSeen(), kind: "unconfirmed", why: "the prediction does not know how it ends" };
  }
  if (outcome.verdict !== "accept") return end.stopped();
  return outcome.delivered ? end.delivered() : end.left();
}

/** Whether the packet was seen in any namespace of its path. */
export function wasSeen(outcome: JourneyOutcome, traces: readonly PlaceTrace[]): boolean {
  return lastSeen(hopsOf(outcome.steps), traces) !== undefined;
}

/** One namespace of the path, with the steps in it and the headers that the packet has there. */
interface Hop {
  readonly place: string;
  readonly packets: Packet[];
  readonly steps: Step[];
}

function hopsOf(steps: readonly Step[]): Hop[] {
  const hops: Hop[] = [];
  const open = (place: string): Hop => {
    const hop = { place, packets: [], steps: [] };
    hops.push(hop);
    return hop;
  };
  let hop: Hop | undefined;
  for (const step of steps) {
    if (hop === undefined || hop.place !== step.place) hop = open(step.place);
    hop.steps.push(step);
    hop.packets.push(step.before, step.after);
    if (step.kind !== "link") continue;
    hop = open(step.to.place);
    hop.packets.push(step.after);
  }
  return hops;
}

class End {
  readonly #outcome: JourneyOutcome;
  readonly #evidence: ArrivalEvidence;
  readonly #hops: readonly Hop[];
  readonly #sightings: Sightings | undefined;
  /** Sightings of the packet in the last namespace of its path. */
  readonly #seen: readonly Seen[];

  constructor(outcome: JourneyOutcome, evidence: ArrivalEvidence) {
    this.#outcome = outcome;
    this.#evidence = evidence;
    this.#hops = hopsOf(outcome.steps);
    this.#sightings = evidence.traces.find(({ place }) => place === outcome.place)?.sightings;
    const packets = this.#hops.at(-1)?.packets ?? [outcome.packet];
    this.#seen = seenOf(this.#sightings, packets);
  }

  delivered(): Arrival {
    const input = this.#seen.find(({ point }) => point === "input");
    if (input === undefined) return this.#missing("it was not seen to pass INPUT");
    const at = this.#at(input);
    const { packet } = this.#outcome;
    const silent = (why: string): Arrival => ({ kind: "lost", last: at, why });
    if (packet.icmp !== undefined) {
      if (packet.icmp.about !== undefined) return { kind: "delivered", at, by: "kernel" };
      if (replyTo(packet) === undefined) return this.#echoReply(at);
      return this.#answered("accepts")
        ? { kind: "delivered", at, by: "answer" }
        : silent("it passed INPUT, and was not answered");
    }
    const first = packet.protocol === "tcp" && isFirstSegment(packet);
    if (first) {
      if (this.#answered("accepts")) return { kind: "delivered", at, by: "answer" };
      if (this.#answered("refuses")) return { kind: "refused", at, with: "RST", answered: true };
      return silent("it passed INPUT, and was answered neither by SYN,ACK nor by RST");
    }
    const refusal = packet.protocol === "tcp" ? "RST" : "ICMP port unreachable";
    if (packet.protocol === "tcp" || packet.protocol === "udp") {
      const discarded = this.#evidence.dropped?.get(at.place) ?? 0;
      if (input.socket === true && discarded > 0) {
        const why = `a socket is there, but sockets of this port discarded ${discarded} since it was sent: their receive queue is full`;
        return { kind: "unconfirmed", last: at, why };
      }
      if (input.socket === true) return { kind: "delivered", at, by: "socket" };
      if (input.socket === false)
        return { kind: "refused", at, with: refusal, answered: this.#answered("refuses") };
    }
    if (this.#answered("accepts")) return { kind: "delivered", at, by: "answer" };
    if (this.#answered("refuses")) return { kind: "refused", at, with: refusal, answered: true };
    return {
      kind: "unconfirmed",
      last: at,
      why: "it passed INPUT, but this kernel does not report whether a socket received it (nft_socket is missing)",
    };
  }

  left(): Arrival {
    const out = lastOut(this.#outcome.steps);
    const leaving = this.#seen.findLast(({ point }) => point === "egress" || point === "postrouting");
    const frames = this.#reportsEgress(this.#outcome.place);
    if (leaving !== undefined && (leaving.point === "egress" || !frames)) {
      const at = this.#at(leaving);
      return out === undefined || out === leaving.link ? { kind: "left", at } : { kind: "passed", at };
    }
    return this.#missing("it was not seen to leave");
  }

  stopped(): Arrival {
    const { place } = this.#outcome;
    const { agreement, sent } = this.#evidence;
    const last = agreement.packets.at(-1);
    const verdict = last?.packet.visits.flatMap(({ events }) => events).at(-1)?.verdict.kind;
    if (agreement.agrees && last?.place === place && (verdict === "DROP" || verdict === "QUEUE"))
      return { kind: "stopped", by: "rule", ...this.#lastSeenAs("at") };
    const on = this.#seen.find(({ point }) => !this.#before().has(point));
    if (on !== undefined) return { kind: "passed", at: this.#at(on) };
    const seen = this.lastSeen();
    if (seen.last === undefined) {
      if (sent !== undefined && this.#hops.length === 1 && REFUSED_TO_SEND.test(sent.said))
        return { kind: "stopped", by: "sender" };
      return this.#missing("it was seen nowhere, and its sender reported no error");
    }
    return seen.last.place === place && this.#seen.length > 0
      ? { kind: "stopped", by: "absence", at: seen.last }
      : this.#missing("it was not seen where it was predicted to be stopped");
  }

  /** Returns the last sighting of the packet along its predicted path. */
  lastSeen(): { readonly last?: SeenAt } {
    return this.#lastSeenAs("last");
  }

  #lastSeenAs<K extends "at" | "last">(key: K): { readonly [Key in K]?: SeenAt } {
    const last = lastSeen(this.#hops, this.#evidence.traces);
    const found: { [Key in K]?: SeenAt } = {};
    if (last !== undefined) found[key] = last;
    return found;
  }

  /** Returns the points at which the packet may be seen before the place where it is predicted to be stopped. */
  #before(): ReadonlySet<SightingPoint> {
    const points = new Set<SightingPoint>(["ingress", "prerouting", "output"]);
    const routed = this.#hops.at(-1)?.steps.findLast((step) => step.kind === "routing");
    const goesOut =
      routed?.kind === "routing" && (routed.decision === "out" || routed.decision === "forward");
    // The kernel resolves the neighbour after POSTROUTING, so the packet passes that hook even if no neighbour replies.
    if (this.#outcome.verdict === "unreachable" && goesOut) points.add("postrouting");
    return points;
  }

  #missing(why: string): Arrival {
    if (this.#sightings === undefined) {
      const text = `${this.#outcome.place} was not traced: whether the packet arrived there is not known`;
      return { kind: "unconfirmed", ...this.lastSeen(), why: text };
    }
    return { kind: "lost", ...this.lastSeen(), why: this.#whyLost() ?? why };
  }

  /** Looks for the reason of the loss in the place where the packet was last seen. */
  #whyLost(): string | undefined {
    const { traces, mac } = this.#evidence;
    const { last } = this.lastSeen();
    if (last === undefined) return undefined;
    const { all = [] } = traces.find(({ place }) => place === last.place)?.sightings ?? {};
    const packets = this.#hops.filter(({ place }) => place === last.place).flatMap((hop) => hop.packets);
    const dropped = all.findLast((one) => one.kind === "dropped" && isAny(one.header, packets));
    if (dropped?.kind === "dropped") return `dropped by the ${dropped.text}`;
    const frame = all.findLast((one) => one.kind === "seen" && isAny(one.header, packets));
    if (last.point === "postrouting" && this.#reportsEgress(last.place)) {
      const dev = last.link ?? "its link";
      return `no frame of it left by ${dev}: look for its next hop with ip neigh show dev ${dev}`;
    }
    const to = frame?.header.macDst;
    const own = last.link === undefined ? undefined : mac?.(last.place, last.link);
    if (last.point !== "ingress" || to === undefined || own === undefined || to === own) return undefined;
    return `its frame is for ${to}, but ${last.link} has ${own}: a neighbour entry on the path is wrong`;
  }

  #reportsEgress(where: string): boolean {
    return this.#evidence.traces.some(
      ({ place, sightings }) => place === where && sightings?.reported.egress === true,
    );
  }

  #answered(answer: Answer): boolean {
    const reply = replyTo(this.#outcome.packet, answer);
    return reply !== undefined && seenOf(this.#sightings, [reply]).some(({ point }) => point === "output");
  }

  #echoReply(at: SeenAt): Arrival {
    const { sent } = this.#evidence;
    if (sent === undefined) return { kind: "unconfirmed", last: at, why: "its sender was not asked" };
    return sent.heard
      ? { kind: "delivered", at, by: "socket" }
      : { kind: "lost", last: at, why: "it passed INPUT, but the program that waits for it got nothing" };
  }

  #at(seen: Seen): SeenAt {
    return seenAt(this.#outcome.place, seen);
  }
}

// Errors of connect(2) and sendto(2): ENETUNREACH, EHOSTUNREACH, EACCES (prohibit), EINVAL (blackhole), EADDRNOTAVAIL.
const REFUSED_TO_SEND =
  /Network is unreachable|No route to host|Permission denied|Invalid argument|Cannot assign requested address/i;

function seenAt(place: string, { point, link }: Seen): SeenAt {
  return { place, point, ...withoutUndefined({ link }) };
}

function lastSeen(hops: readonly Hop[], traces: readonly PlaceTrace[]): SeenAt | undefined {
  for (const { place, packets } of [...hops].reverse()) {
    const { sightings } = traces.find((trace) => trace.place === place) ?? {};
    const last = seenOf(sightings, packets).at(-1);
    if (last !== undefined) return seenAt(place, last);
  }
  return undefined;
}

function seenOf(sightings: Sightings | undefined, packets: readonly Packet[]): readonly Seen[] {
  return (sightings?.all ?? []).flatMap((one) =>
    one.kind === "seen" && isAny(one.header, packets) ? [one] : [],
  );
}

function isAny(header: Seen["header"], packets: readonly Packet[]): boolean {
  return packets.some((packet) => sameFlow(header, packet) && sameSegment(header, packet));
}

/** Distinguishes the segments of a connection by their flags, because their addresses and ports are the same. */
function sameSegment({ flags }: Seen["header"], { protocol, tcpFlags = ["SYN"] }: Packet): boolean {
  if (protocol !== "tcp" || flags === undefined) return true;
  return (["SYN", "ACK", "RST"] as const).every((flag) => flags.includes(flag) === tcpFlags.includes(flag));
}

function isFirstSegment({ tcpFlags = ["SYN"] }: Packet): boolean {
  return tcpFlags.includes("SYN") && !tcpFlags.includes("ACK");
}

function lastOut(steps: readonly Step[]): string | undefined {
  const routed = steps.findLast((step) => step.kind === "routing" && step.out !== undefined);
  return routed?.kind === "routing" ? routed.out : undefined;
}
