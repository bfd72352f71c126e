import type { Caused, Outcome, Packet, Path, Probability, Step, Verdict } from "../model";
import {
  type Entry,
  type KernelState,
  type TraversedOutcome,
  type TraverseOptions,
  traverse,
} from "../traverse";
import { multiply } from "../traverse/branch-explorer";
import type { Departure } from "../traverse/packet-context";
import { type Crossing, portTowards, wayTo } from "./frame-route";
import { type End, hostAt, linkOf, type World } from "./world";

/** What each namespace of a world has learnt from the packets so far, by place. */
export type WorldState = ReadonlyMap<string, KernelState>;

export interface JourneyOptions extends Pick<TraverseOptions, "blanks" | "maxOutcomes" | "indexed"> {
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

export interface Journey extends Path {
  readonly outcomes: readonly JourneyOutcome[];
}

/** A path so far: where the packet is, and what it took with it. */
interface Leg {
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
  const walk = new Walk(world, options);
  const start = hostAt(world, place).place;
  walk.visit(
    start,
    packet,
    options.in === undefined ? { local: true } : { in: options.in },
    { probability: START, dependsOn: [], assumed: [], drawn: [], steps: [], caused: [], state },
    0,
  );
  return { packet, outcomes: walk.outcomes, ...(walk.truncated ? { truncated: true } : {}) };
}

class Walk {
  readonly outcomes: JourneyOutcome[] = [];
  truncated = false;

  constructor(
    readonly world: World,
    readonly options: JourneyOptions,
  ) {}

  /** One namespace, and from each of its outcomes on to the next. */
  visit(place: string, packet: Packet, from: Entry, leg: Leg, depth: number): void {
    const { host, state: fresh } = hostAt(this.world, place);
    const { blanks, indexed, maxOutcomes = MAX_OUTCOMES } = this.options;
    const path = traverse(host, packet, {
      from,
      state: leg.state.get(place) ?? fresh,
      maxOutcomes,
      ...(blanks === undefined ? {} : { blanks }),
      ...(indexed === undefined ? {} : { indexed }),
    });
    if (path.truncated === true) this.truncated = true;
    for (const outcome of path.outcomes) {
      if (this.outcomes.length >= maxOutcomes) {
        this.truncated = true;
        return;
      }
      this.#follow(place, outcome, this.#extended(place, outcome, leg), depth);
    }
  }

  #extended(place: string, outcome: TraversedOutcome, leg: Leg): Leg {
    let state: WorldState = new Map(leg.state).set(place, outcome.state);
    const caused: Caused[] = [...leg.caused];
    for (const answer of outcome.caused ?? []) {
      const sent = this.#answer(place, answer, state);
      state = sent.state;
      caused.push(sent.caused);
    }
    return {
      probability: multiply(leg.probability, outcome.probability),
      dependsOn: [...leg.dependsOn, ...outcome.dependsOn.filter((text) => !leg.dependsOn.includes(text))],
      assumed: [...new Set([...leg.assumed, ...(outcome.assumed ?? [])])],
      drawn: [...new Set([...leg.drawn, ...(outcome.drawn ?? [])])],
      steps: leg.steps,
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
    const inner = new Walk(this.world, this.options);
    const leg: Leg = {
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
      { ...leg, steps: steps.slice(0, -1) },
      1,
      verdict,
    );
    const [first] = inner.outcomes;
    if (first === undefined) return { caused: { packet, verdict, steps }, state };
    return { caused: { packet, verdict: first.verdict, steps: first.steps }, state: first.state };
  }

  #follow(place: string, outcome: TraversedOutcome, leg: Leg, depth: number): void {
    const { left } = outcome;
    if (left?.dev === undefined || depth >= MAX_HOSTS) {
      this.#end(place, outcome.packet, outcome.verdict, outcome.delivered, {
        ...leg,
        steps: [...leg.steps, ...outcome.steps],
      });
      return;
    }
    // The step that says "leaves by eth0" gives way to the links that it leaves by.
    const steps = [...leg.steps, ...outcome.steps.slice(0, -1)];
    this.cross(
      place,
      outcome.packet,
      { dev: left.dev, nexthop: left.nexthop },
      { ...leg, steps },
      depth,
      outcome.verdict,
    );
  }

  /** Over the wire to whoever answers for the next hop. */
  cross(
    place: string,
    packet: Packet,
    left: { dev: string; nexthop: string },
    leg: Leg,
    depth: number,
    verdict: Verdict,
  ): void {
    const from: End = { place, link: left.dev };
    const way = wayTo(this.world, from, left.nexthop);
    if (way === undefined) {
      this.#nobody(place, packet, left, leg, verdict);
      return;
    }
    const link = linkOf(this.world, from);
    const { owner: _owner, macSrc: _mac, ...carried } = packet;
    const scrubbed: Packet = {
      ...carried,
      mark: 0,
      ...(link?.mac === undefined ? {} : { macSrc: link.mac }),
    };
    this.#crossings(way.crossings, scrubbed, packet, from, leg, depth);
  }

  #crossings(
    crossings: readonly Crossing[],
    packet: Packet,
    before: Packet,
    at: End,
    leg: Leg,
    depth: number,
  ): void {
    const [first, ...rest] = crossings;
    if (first === undefined) {
      const bridge = linkOf(this.world, at)?.master;
      const portFor = (address: string): string | undefined =>
        bridge === undefined
          ? undefined
          : portTowards(this.world, { place: at.place, link: bridge }, address);
      this.visit(at.place, packet, { in: at.link, portFor }, leg, depth + 1);
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
      this.#crossings(rest, packet, packet, first.to, { ...leg, steps: [...leg.steps, step] }, depth);
      return;
    }
    // Bridged in a namespace on the way: its rules may see it (br_netfilter), and may send it elsewhere.
    const { host, state: fresh } = hostAt(this.world, first.place);
    const path = traverse(host, packet, {
      from: {
        in: first.from,
        bridgedTo: (address) =>
          address === packet.dst
            ? first.to
            : portTowards(this.world, { place: first.place, link: first.bridge }, address),
      },
      state: leg.state.get(first.place) ?? fresh,
    });
    for (const outcome of path.outcomes) {
      const extended = this.#extended(first.place, outcome, leg);
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
    leg: Leg,
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
    this.#end(place, packet, ended, false, { ...leg, steps: [...leg.steps, step] });
  }

  #end(place: string, packet: Packet, verdict: Verdict, delivered: boolean, leg: Leg): void {
    this.outcomes.push({
      probability: leg.probability,
      certain: leg.dependsOn.length === 0,
      dependsOn: leg.dependsOn,
      ...(leg.assumed.length === 0 ? {} : { assumed: leg.assumed }),
      ...(leg.drawn.length === 0 ? {} : { drawn: leg.drawn }),
      verdict,
      packet,
      steps: leg.steps,
      place,
      delivered,
      state: leg.state,
      ...(leg.caused.length === 0 ? {} : { caused: leg.caused }),
    });
  }
}
