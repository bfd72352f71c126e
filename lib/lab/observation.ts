import { isDeepStrictEqual } from "node:util";
import { endpoint } from "../chart/sketch/shapes";
import type { Journey, JourneyOutcome } from "../netfilter/journey";
import { type Agreement, alignSteps, alignTrace, type Difference, type PlaceTrace } from "../netfilter/trace";
import { type Arrival, type ArrivalEvidence, arrived, judgeArrival, type SeenAt, wasSeen } from "./arrival";

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
export type Circumstances = Pick<ArrivalEvidence, "sent" | "mac">;

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
  const used = before.flatMap((each) => each?.packets ?? []);
  // In a recording these are equal to those of the traces, and not the same objects.
  const isUsed = (place: string, packet: PlaceTrace["packets"][number]): boolean =>
    used.some((each) => each.place === place && isDeepStrictEqual(each.packet, packet));
  const rest = traces.map((trace) => ({
    ...trace,
    packets: trace.packets.filter((packet) => !isUsed(trace.place, packet)),
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
  return { ...agreement, agrees, rules: true, arrival, ...(difference === undefined ? {} : { difference }) };
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

/** `leaving node1 by veth3`, `at the end of INPUT in web (eth0)`. */
export function seenText({ place, point, link }: SeenAt): string {
  const by = link === undefined ? "" : ` by ${link}`;
  switch (point) {
    case "ingress":
    case "prerouting":
      return `coming into ${place}${by}`;
    case "input":
      return `at the end of INPUT in ${place}`;
    case "output":
      return `sent by ${place}, at the start of OUTPUT`;
    case "postrouting":
      return `at the end of POSTROUTING in ${place}${link === undefined ? "" : `, on its way to ${link}`}`;
    case "egress":
      return `leaving ${place}${by}`;
  }
}

/** Whether it arrived, and who says so, in one sentence. */
export function arrivalText(arrival: Arrival, packet: JourneyOutcome["packet"]): string {
  const to = endpoint(packet.dst, packet.dport);
  switch (arrival.kind) {
    case "delivered":
      return `arrived in ${arrival.at.place}: ${deliveredText(arrival.by, packet)}`;
    case "refused":
      return arrival.answered
        ? `arrived in ${arrival.at.place}: nobody listens on ${to}, the kernel replied with ${arrival.with}`
        : `arrived in ${arrival.at.place}: nobody listens on ${to}; the kernel was not seen to reply`;
    case "left":
      return `seen ${seenText(arrival.at)}`;
    case "stopped":
      return stoppedText(arrival);
    case "passed":
      return `not stopped there: seen ${seenText(arrival.at)}`;
    case "lost": {
      const where = arrival.last === undefined ? "seen nowhere" : `last seen ${seenText(arrival.last)}`;
      return `did not arrive: ${where}${arrival.why === undefined ? "" : `; ${arrival.why}`}`;
    }
    case "unconfirmed": {
      const where = arrival.last === undefined ? "" : `; last seen ${seenText(arrival.last)}`;
      return `not confirmed: ${arrival.why}${where}`;
    }
  }
}

function deliveredText(by: "answer" | "socket" | "kernel", packet: JourneyOutcome["packet"]): string {
  if (by === "kernel") return "the kernel took it";
  if (by === "socket") return "a socket took it";
  if (packet.icmp !== undefined) return "its kernel replied to the echo";
  return packet.protocol === "tcp" ? "its socket replied with SYN,ACK" : "a program there replied";
}

function stoppedText({ at, by }: Extract<Arrival, { kind: "stopped" }>): string {
  switch (by) {
    case "rule":
      return `stopped as predicted${at === undefined ? "" : ` in ${at.place}`}: the kernel reported the rule`;
    case "sender":
      return "stopped as predicted: the kernel told the sender, and no packet was made";
    case "absence":
      return at === undefined
        ? "stopped as predicted"
        : `stopped as predicted: last seen ${seenText(at)}, and nowhere after that`;
  }
}
