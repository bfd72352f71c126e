import type { Caused, Outcome, Packet, Probability, Step, Traversal, Verdict } from "../model";
import { type Entry, type HostOutcome, type KernelState, type TraverseOptions, traverse } from "../traverse";
import { multiply } from "../traverse/branch-explorer";
import type { Departure } from "../traverse/packet-context";
import { type Crossing, frameRouteTo, portTowards } from "./frame-route";
import { type End, hostAt, linkOf, type World } from "./world";

/** What each namespace of a world has learnt from the packets so far, by place. */
export type WorldState = ReadonlyMap<string, KernelState>;

export interface JourneyOptions extends Pick<TraverseOptions, "unknownFields" | "maxOutcomes" | "indexed"> {
  /** Default: what the snapshots' conntrack lists say. */
  readonly state?: WorldState;
  /** A device by which the packet comes into the first namespace. Default: a process of it sends the packet. */
  readonly in?: string;
}

/** An outcome of a journey, with what the next packet needs. */
export interface JourneyOutcome extends Outcome {
  /** The namespace in which the path ended. */
  readonly place: string;
  /** True where a socket of that namespace would get it. */
  readonly delivered: boolean;
  readonly state: WorldState;
}

/** The course of one packet through several network namespaces. */
export type Journey = Traversal<JourneyOutcome>;

/** A path so far: where the packet is, and what it took with it. */
interface PartialJourney {
  readonly probability: Probability;
  readonly dependsOn: readonly string[];
  readonly assumed: readonly string[];
  readonly drawn: readonly string[];
  readonly steps: readonly Step[];
  readonly caused: readonly Caused[];
  readonly state: WorldState;
}

const START: Probability = { numerator: 1n, denominator: 1n };
const MAX_OUTCOMES = 4096;
const MAX_HOSTS = 70;

/**
 * The path of one packet across namespaces, from a process in one of them until it is delivered, stopped, or leaves
 * what is in view. Between namespaces a packet loses its mark and its connection, as skb_scrub_packet has it.
 *
 * @param place - the namespace whose process sends it, or into which it comes by `in`.
 */
export function journey(world: World, place: string, packet: Packet, options: JourneyOptions = {}): Journey {
  const state = options.state ?? new Map([...world.hosts].map(([name, host]) => [name, host.state]));
  const explorer = new JourneyExplorer(world, options);
  const start = hostAt(world, place).place;
  explorer.visit(
    start,
    packet,
    options.in === undefined ? { local: true } : { in: options.in },
    { probability: START, dependsOn: [], assumed: [], drawn: [], steps: [], caused: [], state },
    0,
  );
  return { packet, outcomes: explorer.outcomes, ...(explorer.truncated ? { truncated: true } : {}) };
}

class JourneyExplorer {
  readonly outcomes: JourneyOutcome[] = [];
  truncated = false;

  constructor(
    readonly world: World,
    readonly options: JourneyOptions,
  ) {}

  /** One namespace, and from each of its outcomes on to the next. */
  visit(place: string, packet: Packet, from: Entry, partial: PartialJourney, depth: number): void {
    const { host, state: fresh } = hostAt(this.world, place);
    const { unknownFields, indexed, maxOutcomes = MAX_OUTCOMES } = this.options;
    const traversal = traverse(host, packet, {
      from,
      state: partial.state.get(place) ?? fresh,
      maxOutcomes,
      ...(unknownFields === undefined ? {} : { unknownFields }),
      ...(indexed === undefined ? {} : { indexed }),
    });
    if (traversal.truncated === true) this.truncated = true;
    for (const outcome of traversal.outcomes) {
      if (this.outcomes.length >= maxOutcomes) {
        this.truncated = true;
        return;
      }
      this.#follow(place, outcome, this.#extended(place, outcome, partial), depth);
    }
  }

  #extended(place: string, outcome: HostOutcome, partial: PartialJourney): PartialJourney {
    let state: WorldState = new Map(partial.state).set(place, outcome.state);
    const caused: Caused[] = [...partial.caused];
    for (const answer of outcome.caused ?? []) {
      const sent = this.#answer(place, answer, state);
      state = sent.state;
      caused.push(sent.caused);
    }
    return {
      probability: multiply(partial.probability, outcome.probability),
      dependsOn: [
        ...partial.dependsOn,
        ...outcome.dependsOn.filter((text) => !partial.dependsOn.includes(text)),
      ],
      assumed: [...new Set([...partial.assumed, ...(outcome.assumed ?? [])])],
      drawn: [...new Set([...partial.drawn, ...(outcome.drawn ?? [])])],
      steps: partial.steps,
      caused,
      state,
    };
  }

  /** An answer goes on to where it leads; where chance would split it, its first way stands for it. */
  #answer(
    place: string,
    answer: Caused & { readonly left?: Departure },
    state: WorldState,
  ): { caused: Caused; state: WorldState } {
    const { packet, verdict, steps, left } = answer;
    const last = steps[steps.length - 1];
    if (left?.dev === undefined || last === undefined) return { caused: { packet, verdict, steps }, state };
    const inner = new JourneyExplorer(this.world, this.options);
    const partial: PartialJourney = {
      probability: START,
      dependsOn: [],
      assumed: [],
      drawn: [],
      steps: [],
      caused: [],
      state,
    };
    inner.cross(
      place,
      last.after,
      { dev: left.dev, nexthop: left.nexthop },
      { ...partial, steps: steps.slice(0, -1) },
      1,
      verdict,
    );
    const [first] = inner.outcomes;
    if (first === undefined) return { caused: { packet, verdict, steps }, state };
    return { caused: { packet, verdict: first.verdict, steps: first.steps }, state: first.state };
  }

  #follow(place: string, outcome: HostOutcome, partial: PartialJourney, depth: number): void {
    const { left } = outcome;
    if (left?.dev === undefined || depth >= MAX_HOSTS) {
      this.#end(place, outcome.packet, outcome.verdict, outcome.delivered, {
        ...partial,
        steps: [...partial.steps, ...outcome.steps],
      });
      return;
    }
    // The step that says "leaves by eth0" gives way to the links that it leaves by.
    const steps = [...partial.steps, ...outcome.steps.slice(0, -1)];
    this.cross(
      place,
      outcome.packet,
      { dev: left.dev, nexthop: left.nexthop },
      { ...partial, steps },
      depth,
      outcome.verdict,
    );
  }

  /** Over the wire to whoever answers for the next hop. */
  cross(
    place: string,
    packet: Packet,
    left: { dev: string; nexthop: string },
    partial: PartialJourney,
    depth: number,
    verdict: Verdict,
  ): void {
    const from: End = { place, link: left.dev };
    const route = frameRouteTo(this.world, from, left.nexthop);
    if (route === undefined) {
      this.#nobody(place, packet, left, partial, verdict);
      return;
    }
    const link = linkOf(this.world, from);
    const { owner: _owner, macSrc: _mac, ...carried } = packet;
    const scrubbed: Packet = {
      ...carried,
      mark: 0,
      ...(link?.mac === undefined ? {} : { macSrc: link.mac }),
    };
    this.#crossings(route.crossings, scrubbed, packet, from, partial, depth);
  }

  #crossings(
    crossings: readonly Crossing[],
    packet: Packet,
    before: Packet,
    at: End,
    partial: PartialJourney,
    depth: number,
  ): void {
    const [first, ...rest] = crossings;
    if (first === undefined) {
      const bridge = linkOf(this.world, at)?.master;
      const portFor = (address: string): string | undefined =>
        bridge === undefined
          ? undefined
          : portTowards(this.world, { place: at.place, link: bridge }, address);
      this.visit(at.place, packet, { in: at.link, portFor }, partial, depth + 1);
      return;
    }
    if (first.kind === "cable") {
      const through = first.from.link === at.link ? "" : `bridge ${at.link}, then `;
      const step: Step = {
        kind: "link",
        place: first.from.place,
        before,
        after: packet,
        from: this.#endOf(first.from),
        to: this.#endOf(first.to),
        text: through + first.text,
      };
      this.#crossings(rest, packet, packet, first.to, { ...partial, steps: [...partial.steps, step] }, depth);
      return;
    }
    // Bridged in a namespace on the way: its rules may see it (br_netfilter), and may send it elsewhere.
    const { host, state: fresh } = hostAt(this.world, first.place);
    const traversal = traverse(host, packet, {
      from: {
        in: first.from,
        bridgedTo: (address) =>
          address === packet.dst
            ? first.to
            : portTowards(this.world, { place: first.place, link: first.bridge }, address),
      },
      state: partial.state.get(first.place) ?? fresh,
    });
    for (const outcome of traversal.outcomes) {
      const extended = this.#extended(first.place, outcome, partial);
      const stays = outcome.left?.dev === first.to && outcome.packet.dst === packet.dst;
      if (!stays) {
        this.#follow(first.place, outcome, extended, depth + 1);
        continue;
      }
      const steps = [...extended.steps, ...outcome.steps.slice(0, -1)];
      const link: Step = {
        kind: "link",
        place: first.place,
        before: outcome.packet,
        after: outcome.packet,
        from: this.#endOf({ place: first.place, link: first.from }),
        to: this.#endOf({ place: first.place, link: first.to }),
        text: `bridge ${first.bridge}: from port ${first.from} to port ${first.to}`,
      };
      const onward = { ...outcome.packet, mark: 0 };
      this.#crossings(
        rest,
        onward,
        outcome.packet,
        { place: first.place, link: first.to },
        { ...extended, steps: [...steps, link] },
        depth,
      );
    }
  }

  #endOf(end: End): { place: string; link: string; ifindex?: number } {
    const ifindex = linkOf(this.world, end)?.ifindex;
    return ifindex === undefined ? end : { ...end, ifindex };
  }

  /** Nobody in view has the next hop: on a wire that is all in view the sender gives up, else the packet is out of sight. */
  #nobody(
    place: string,
    packet: Packet,
    left: { dev: string; nexthop: string },
    partial: PartialJourney,
    verdict: Verdict,
  ): void {
    const open = this.world.segments.some((segment) =>
      segment.some((end) => end.place === place && end.link === left.dev),
    );
    const text = open
      ? `leaves by ${left.dev} towards ${left.nexthop}, which is not in view`
      : `nobody on ${left.dev} answers for ${left.nexthop} (no route to host)`;
    const ended: Verdict = open ? verdict : "unreachable";
    const step: Step = { kind: "end", place, before: packet, after: packet, verdict: ended, text };
    this.#end(place, packet, ended, false, { ...partial, steps: [...partial.steps, step] });
  }

  #end(place: string, packet: Packet, verdict: Verdict, delivered: boolean, partial: PartialJourney): void {
    this.outcomes.push({
      probability: partial.probability,
      certain: partial.dependsOn.length === 0,
      dependsOn: partial.dependsOn,
      ...(partial.assumed.length === 0 ? {} : { assumed: partial.assumed }),
      ...(partial.drawn.length === 0 ? {} : { drawn: partial.drawn }),
      verdict,
      packet,
      steps: partial.steps,
      place,
      delivered,
      state: partial.state,
      ...(partial.caused.length === 0 ? {} : { caused: partial.caused }),
    });
  }
}
