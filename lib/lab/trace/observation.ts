import type { Journey, JourneyOutcome } from "../../netfilter/journey";
import {
  type Agreement,
  alignSteps,
  alignTrace,
  type Difference,
  type PlaceTrace,
} from "../../netfilter/trace";
import { withoutUndefined } from "../../without-undefined";
import { type Arrival, arrived } from "./arrival";
import { seenText } from "./arrival-text";
import { type ArrivalEvidence, judgeArrival, wasSeen } from "./judge-arrival";

/** What the kernel did with a packet, compared with what was predicted. */
export interface Observation extends Omit<Agreement, "agrees"> {
  /**
   * True when every traced rule is the predicted one and the packet was seen to arrive, or to be stopped, where
   * predicted. Undefined when the rules agree, but nobody saw whether it arrived.
   */
  readonly agrees: boolean | undefined;
  /** Whether every traced rule is the predicted one. */
  readonly rules: boolean;
  /** How far the packet was seen to get. */
  readonly arrival: Arrival;
}

/** What arrivals are judged by, beside the traces. */
export type Circumstances = Pick<ArrivalEvidence, "sent" | "mac" | "dropped">;

/** Compares what the kernel reported with a path. Where it has several outcomes, one of them has to agree in all. */
export function observe(
  path: Journey,
  traces: readonly PlaceTrace[],
  circumstances: Circumstances = {},
): Observation {
  const judged = (agreement: Agreement, outcome: JourneyOutcome): Observation =>
    observation(agreement, outcome, judgeArrival(outcome, { traces, agreement, ...circumstances }));
  let first: Observation | undefined;
  for (const [index, outcome] of path.outcomes.entries()) {
    const agreement = alignSteps(outcome.steps, traces, { outcome: index });
    if (!agreement.agrees) continue;
    const seen = judged(agreement, outcome);
    if (seen.agrees === true) return seen;
    first ??= seen;
  }
  if (first !== undefined) return first;
  const agreement = alignTrace(path, traces);
  const nearest = path.outcomes[agreement.outcome];
  return nearest === undefined
    ? { ...agreement, rules: false, arrival: { kind: "unconfirmed", why: "the prediction has no outcome" } }
    : judged(agreement, nearest);
}

/**
 * What the trace of a connection's first packet says of a packet that came after it: the trace selects both directions.
 *
 * @param before - what was found of the packets before this one: theirs are not looked at again.
 * @returns undefined where no such packet was seen, as where nobody answered: then there is nothing to compare.
 */
export function observeLater(
  path: Journey,
  traces: readonly PlaceTrace[],
  before: readonly (Observation | undefined)[],
  circumstances: Circumstances = {},
): Observation | undefined {
  const used = new Set(before.flatMap((each) => each?.packets.map(({ packet }) => packet) ?? []));
  const rest = traces.map((trace) => ({
    ...trace,
    packets: trace.packets.filter((packet) => !used.has(packet)),
  }));
  const seen = observe(path, rest, circumstances);
  const outcome = path.outcomes[seen.outcome];
  // A second datagram looks like the first: only what the rules reported tells them apart.
  const told = path.packet.protocol === "tcp" || before.length < 2;
  const sighted = told && outcome !== undefined && wasSeen(outcome, traces);
  return seen.packets.length > 0 || sighted ? seen : undefined;
}

function observation(agreement: Agreement, outcome: JourneyOutcome, arrival: Arrival): Observation {
  if (!agreement.agrees) return { ...agreement, rules: false, arrival };
  const agrees = arrived(arrival);
  const difference = agrees === false ? arrivalDifference(outcome, arrival) : undefined;
  return { ...agreement, agrees, rules: true, arrival, ...withoutUndefined({ difference }) };
}

function arrivalDifference(outcome: JourneyOutcome, arrival: Arrival): Difference | undefined {
  const predicted = outcome.steps.at(-1);
  const expected = `in ${outcome.place}: ${predicted === undefined ? "the end" : endText(predicted)}`;
  switch (arrival.kind) {
    case "lost": {
      const { last, why } = arrival;
      return {
        place: last?.place ?? outcome.place,
        expected,
        observed: last === undefined ? "seen nowhere" : `last seen ${seenText(last)}`,
        text: why ?? "it was not seen to arrive",
      };
    }
    case "passed":
      return {
        place: arrival.at.place,
        expected,
        observed: `seen ${seenText(arrival.at)}`,
        text: "it went on from where it was predicted to end",
      };
    default:
      return undefined;
  }
}

function endText(step: JourneyOutcome["steps"][number]): string {
  return "text" in step ? step.text : `${step.table} ${step.chain}`;
}
