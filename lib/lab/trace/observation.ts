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

/**
 * Result of comparing the kernel's trace of a packet with the prediction.
 *
 * @example
 * import { Lab, type Observation } from "wirebook";
 * const lab = await Lab.open("observation-example");
 * const client = await lab.pod("client");
 * const path = await lab.trace({ from: client, to: lab.outside, tcp: 80 });
 * const observed: Observation | undefined = path.observed;
 * console.log(observed?.agrees, observed?.arrival.kind, observed?.difference);
 * await lab.close();
 */
export interface Observation extends Omit<Agreement, "agrees"> {
  /**
   * True if every traced rule is the predicted one and the packet was seen to arrive, or to be stopped, where
   * predicted. Undefined if the rules agree but the arrival could not be observed.
   */
  readonly agrees: boolean | undefined;
  /** Whether every traced rule is the predicted one. */
  readonly rules: boolean;
  /** How far the packet was seen to get. */
  readonly arrival: Arrival;
}

/** Evidence of a packet's arrival other than the traces. */
export type Circumstances = Pick<ArrivalEvidence, "sent" | "mac" | "dropped">;

/**
 * Compares the kernel's traces with a predicted path. If the path has several outcomes, returns the result for the one
 * that agrees completely; if none does, for the closest one.
 */
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
 * Compares the traces with the predicted path of a later packet of the same connection. The traces of the first packet
 * contain later ones too, because tracing selects both directions of the connection.
 *
 * @param path - the predicted path of the later packet.
 * @param before - results for the earlier packets of the connection. Traced packets that they contain are excluded.
 * @returns undefined if no such packet was seen, for example because there was no reply.
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
  // Sightings of a sender's second packet can't be distinguished from those of the first, except for TCP. Then only
  // reported rules show that it was seen.
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
