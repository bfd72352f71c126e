import type { LinkEnd } from "../../inspect/world";
import { withoutUndefined } from "../../without-undefined";
import type { Caused, Packet, Probability, Step, Verdict } from "../model";
import { multiply } from "../model";
import { type Departure, type Entry, type HostOutcome, traverse } from "../traverse";
import { type Crossing, frameRouteTo, portTowards } from "./frame-route";
import { type HostGraph, hostAt, linkOf } from "./host-graph";
import type { JourneyOptions, JourneyOutcome, WorldState } from "./journey-outcome";

/** The part of a path that has been followed so far. */
interface PartialJourney {
  readonly probability: Probability;
  readonly dependsOn: readonly string[];
  readonly assumed: readonly string[];
  readonly drawn: readonly string[];
  readonly steps: readonly Step[];
  readonly caused: readonly Caused[];
  readonly state: WorldState;
}

export const START: Probability = { numerator: 1n, denominator: 1n };

const MAX_OUTCOMES = 4096;

const MAX_HOSTS = 70;

export class JourneyExplorer {
  readonly outcomes: JourneyOutcome[] = [];
  truncated = false;

  constructor(
    readonly graph: HostGraph,
    readonly options: JourneyOptions,
  ) {}

  /** Follows the packet through one namespace, and from each outcome to the next namespace. */
  visit(place: string, packet: Packet, from: Entry, partial: PartialJourney, depth: number): void {
    const { host, state: fresh } = hostAt(this.graph, place);
    const { unknownFields, indexed, semantics, maxOutcomes = MAX_OUTCOMES } = this.options;
    const traversal = traverse(host, packet, {
      from,
      state: partial.state.get(place) ?? fresh,
      maxOutcomes,
      ...withoutUndefined({ unknownFields, indexed, semantics }),
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
      const sent = this.#followReply(place, answer, state);
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

  /** Follows a packet that the kernel sent in response. If it has several outcomes, only the first one is used. */
  #followReply(
    place: string,
    answer: Caused & { readonly left?: Departure },
    state: WorldState,
  ): { caused: Caused; state: WorldState } {
    const { packet, verdict, steps, left } = answer;
    const last = steps[steps.length - 1];
    if (left?.dev === undefined || last === undefined) return { caused: { packet, verdict, steps }, state };
    const inner = new JourneyExplorer(this.graph, this.options);
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
    // The last step ("leaves by eth0") is replaced by the steps for the links.
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

  /** Sends the packet over the link to the namespace that owns the next hop. */
  cross(
    place: string,
    packet: Packet,
    left: { dev: string; nexthop: string },
    partial: PartialJourney,
    depth: number,
    verdict: Verdict,
  ): void {
    const from: LinkEnd = { place, link: left.dev };
    const route = frameRouteTo(this.graph, from, left.nexthop);
    if (route === undefined) {
      this.#unanswered(place, packet, left, partial, verdict);
      return;
    }
    const link = linkOf(this.graph, from);
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
    at: LinkEnd,
    partial: PartialJourney,
    depth: number,
  ): void {
    const [first, ...rest] = crossings;
    if (first === undefined) {
      const bridge = linkOf(this.graph, at)?.master;
      const portFor = (address: string): string | undefined =>
        bridge === undefined
          ? undefined
          : portTowards(this.graph, { place: at.place, link: bridge }, address);
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
    // A bridge in another namespace: with br_netfilter, the rules there see the frame and may change its destination.
    const { host, state: fresh } = hostAt(this.graph, first.place);
    const traversal = traverse(host, packet, {
      from: {
        in: first.from,
        bridgedTo: (address) =>
          address === packet.dst
            ? first.to
            : portTowards(this.graph, { place: first.place, link: first.bridge }, address),
      },
      state: partial.state.get(first.place) ?? fresh,
      ...withoutUndefined({ semantics: this.options.semantics }),
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

  #endOf(end: LinkEnd): { place: string; link: string; ifindex?: number } {
    const ifindex = linkOf(this.graph, end)?.ifindex;
    return ifindex === undefined ? end : { ...end, ifindex };
  }

  /**
   * No namespace of the world owns the next hop. On a link whose other end is not in the world, the packet leaves the
   * world. Otherwise neighbour resolution fails.
   */
  #unanswered(
    place: string,
    packet: Packet,
    left: { dev: string; nexthop: string },
    partial: PartialJourney,
    verdict: Verdict,
  ): void {
    const open = this.graph.segments.some((segment) =>
      segment.some((end) => end.place === place && end.link === left.dev),
    );
    const text = open
      ? `leaves by ${left.dev} to ${left.nexthop}, which is not part of this world`
      : `no host on ${left.dev} has the address ${left.nexthop} (no route to host)`;
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
