import { ladderPicture } from "../../chart/ladder";
import type { MimeBundle, Picture } from "../../chart/picture";
import { packetTitle, traversalPicture } from "../../chart/traversal";
import { display } from "../../display";
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
import type { PlaceTrace } from "../../netfilter/trace";
import { withoutUndefined } from "../../without-undefined";
import type { Arrival } from "./arrival";
import { countersReport, type HostObservation } from "./host-counters";
import { JourneyPicture } from "./journey-picture";
import type { UdpDrops } from "./live/udp-drops";
import { type Circumstances, type Observation, observe, observeLater } from "./observation";
import { traceReport } from "./observed";
import type { Sent } from "./probe";

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
    return ladderPicture(this, { title, outcome: this.#taken, ...withoutUndefined({ reply }) });
  }

  /** The predicted path, with the results of the trace and the counters. */
  get picture(): Picture {
    const report = this.observed && traceReport(this.observed, this.outcome);
    return traversalPicture(this, {
      outcome: this.#taken,
      names: this.#names,
      ...withoutUndefined({ observed: report }),
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
    return { mac, ...withoutUndefined({ sent, dropped }) };
  }

  get #traces(): readonly PlaceTrace[] {
    return this.seen.traces ?? [];
  }

  get #taken(): number {
    const index = this.observed?.outcome ?? 0;
    return index >= 0 && index < this.outcomes.length ? index : 0;
  }
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
