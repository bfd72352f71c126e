import type { Packet, Step, TableName } from "../../../lib/netfilter/model";
import {
  alignSteps,
  type ObservedPacket,
  OWN_TABLE,
  type PlaceTrace,
  type TraceHeader,
} from "../../../lib/netfilter/trace";
import type { Departure } from "../../../lib/netfilter/traverse";

/** What the model predicts for a packet in one router: an outcome, or a reply that the router sends itself. */
export interface Predicted {
  readonly packet: Packet;
  readonly steps: readonly Step[];
  readonly left?: Departure;
  readonly delivered: boolean;
  readonly certain: boolean;
}

/** The result of comparing a prediction with the kernel's trace of a router. */
export interface Verdict {
  readonly used: readonly ObservedPacket[];
  readonly difference?: string;
  /** The kernel did not report this packet at all. */
  readonly missing?: boolean;
  /** Number of events that agreed. Used to select the closest of several outcomes. */
  readonly events: number;
}

/** Compares a prediction with the observed packets of one router; rule by rule if the kernel's trace shows rules. */
export function compare(predicted: Predicted, trace: PlaceTrace, byRule: boolean): Verdict {
  const aligned = alignSteps(predicted.steps, [trace], { rules: byRule });
  const used = aligned.packets.map(({ packet }) => packet);
  if (aligned.difference !== undefined)
    return { used, difference: aligned.difference.text, events: aligned.events, missing: used.length === 0 };
  const last = used.at(-1);
  const difference = last === undefined ? undefined : endDifference(predicted, last, trace.place);
  return { used, events: aligned.events, ...(difference === undefined ? {} : { difference }) };
}

/** Compares the end of the path. The rig's own chains run after all other hooks, and report the packets that passed. */
function endDifference(predicted: Predicted, observed: ObservedPacket, place: string): string | undefined {
  const sink = observed.visits.filter(({ table }) => table === `${OWN_TABLE}-sink`);
  const left = sink.find(({ chain }) => chain === "post");
  const arrived = sink.find(({ chain }) => chain === "in");
  if (predicted.left !== undefined) {
    if (left === undefined)
      return `${place}: predicted to leave by ${predicted.left.dev}, but it did not leave`;
    if (predicted.certain && left.header?.out !== predicted.left.dev) {
      return `${place}: predicted to leave by ${predicted.left.dev}, but left by ${left.header?.out}`;
    }
    return headerText(place, left.header, predicted);
  }
  if (predicted.delivered) {
    if (arrived === undefined) return `${place}: predicted to be delivered, but was not`;
    return headerText(place, arrived.header, predicted);
  }
  // A packet that the model says was dropped may have passed through lo before. Then an earlier report is no proof.
  const after = predicted.steps.some((step) => step.kind === "link") ? undefined : (left ?? arrived);
  return after === undefined
    ? undefined
    : `${place}: predicted to be stopped, but it reached the end of ${after.hook}`;
}

function headerText(
  place: string,
  header: TraceHeader | undefined,
  { packet, certain }: Predicted,
): string | undefined {
  if (header === undefined || !certain) return undefined;
  // A port that the kernel chooses at random is absent from the prediction.
  const show = (each: TraceHeader | Packet): string =>
    `${each.src}:${packet.sport === undefined ? "" : each.sport} → ${each.dst}:${packet.dport === undefined ? "" : each.dport} ttl ${each.ttl}`;
  const [seen, wanted] = [show(header), show(packet)];
  return seen === wanted ? undefined : `${place}: predicted header ${wanted}, but observed ${seen}`;
}

/** Counts how often these steps hit each rule and policy. Keys: `filter FORWARD 2`, `filter FORWARD policy`. */
export function countsOf(steps: readonly Step[], into: Map<string, number> = new Map()): Map<string, number> {
  const count = (table: TableName, chain: string, what: string | number): void => {
    const key = `${table} ${chain} ${what}`;
    into.set(key, (into.get(key) ?? 0) + 1);
  };
  let last: Step | undefined;
  for (const step of steps) {
    if (step.kind === "rule" && step.hotdrop !== true) count(step.table, step.chain, step.rule.index);
    if (step.kind === "policy") count(step.table, step.chain, "policy");
    if (step.kind === "return" && step.rule !== undefined) {
      const told = last?.kind === "rule" && last.rule === step.rule;
      if (!told) count(step.table, step.chain, step.rule.index);
    }
    last = step;
  }
  return into;
}
