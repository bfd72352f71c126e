import type { Outcome, Packet, Step, Traversal } from "../../netfilter/model";
import { endpoint } from "../sketch/shapes";
import { chanceText, endSentence, sameEnds } from "../traversal/phrases";
import type { NamespaceVisit } from "../traversal/row";
import { stationSequence } from "../traversal/stations";

/** One rung: an event at a column, or between two columns. */
export type Rung =
  | {
      readonly kind: "arrow";
      readonly from: number;
      readonly to: number;
      readonly packet: Packet;
      readonly before: Packet;
      readonly reply: boolean;
    }
  | {
      readonly kind: "card";
      readonly at: number;
      readonly table: string;
      readonly title: string;
      readonly detail: string;
    }
  | { readonly kind: "seen"; readonly at: number; readonly text: string }
  | {
      readonly kind: "stop";
      readonly at: number;
      readonly outcome: Pick<Outcome, "verdict">;
      readonly text: string;
    }
  | { readonly kind: "turn" };

/** Returns the places in the order in which the packet crosses them. Adds both neighbours if there is only one place. */
export function columnsOf(
  packet: Packet,
  outcome: Outcome,
  visits: readonly NamespaceVisit[],
): readonly string[] {
  const places = [...new Set(visits.map((visit) => visit.place))];
  if (places.length > 1) return places;
  const [only = ""] = places;
  const [visit] = visits;
  const sequence = visit === undefined ? undefined : stationSequence(visit);
  const cameIn = sequence?.stations[0] === "PREROUTING";
  const goesOut = outcome.verdict === "accept" && sequence?.stations.at(-1) === "POSTROUTING";
  return [...(cameIn ? [packet.src] : []), only, ...(goesOut ? [outcome.packet.dst] : [])];
}

/** Returns the events of a packet, from its first place to its last. */
export function rungsOf(
  traversal: Traversal,
  outcome: Outcome,
  visits: readonly NamespaceVisit[],
  columns: readonly string[],
  reply: boolean,
): readonly Rung[] {
  const rungs: Rung[] = [];
  const column = (place: string) => Math.max(0, columns.indexOf(place));
  let sent = traversal.packet;
  const arrow = (from: number, to: number, packet: Packet) => {
    rungs.push({ kind: "arrow", from, to, packet, before: sent, reply });
    sent = packet;
  };
  const [first] = visits;
  const single = new Set(visits.map((visit) => visit.place)).size === 1;
  const middle = column(first?.place ?? "");
  const [sender, receiver] = reply ? [middle + 1, middle - 1] : [middle - 1, middle + 1];
  if (single && columns[sender] !== undefined) arrow(sender, middle, traversal.packet);
  visits.forEach((visit, index) => {
    const at = column(visit.place);
    for (const step of stepsOf(outcome.steps, visit)) {
      if (sameEnds(step.before, step.after)) continue;
      const card = cardOf(step, outcome, at);
      if (card !== undefined) rungs.push(card);
    }
    const next = visits[index + 1];
    if (next !== undefined) arrow(at, column(next.place), packetAt(outcome, visit, next));
  });
  const last = visits.at(-1);
  const lastAt = column(last?.place ?? "");
  if (outcome.verdict !== "accept") {
    rungs.push({ kind: "stop", at: lastAt, outcome, text: endSentence(outcome) });
    return rungs;
  }
  const beyond = single && columns[receiver] !== undefined;
  if (beyond) arrow(middle, receiver, outcome.packet);
  const at = beyond ? receiver : lastAt;
  rungs.push({ kind: "seen", at, text: seenText(traversal.packet, outcome.packet, reply) });
  return rungs;
}

/** Returns the steps of one visit, identified by place and order. */
function stepsOf(steps: readonly Step[], visit: NamespaceVisit): readonly Step[] {
  const rows = visit.rows.flatMap((row) => ("step" in row ? [row.step as Step] : []));
  const wanted = new Set<Step>(rows);
  return steps.filter((step) => wanted.has(step));
}

function packetAt(outcome: Outcome, visit: NamespaceVisit, next: NamespaceVisit): Packet {
  const link = visit.left ?? next.entered;
  return link?.after ?? outcome.packet;
}

function seenText(sent: Packet, got: Packet, reply: boolean): string {
  const seen = endpoint(got.src, got.sport);
  if (reply) {
    return `the answer comes from ${seen}`;
  }
  return sent.src === got.src ? "✓ sees the sender's own address" : `sees ${seen}, not the sender`;
}

function cardOf(step: Step, outcome: Outcome, at: number): Rung | undefined {
  if (step.kind === "rule") {
    const kind = step.rule.action.kind.toUpperCase();
    const chance =
      outcome.probability.numerator === outcome.probability.denominator
        ? ""
        : `, ${chanceText(outcome.probability)}`;
    return {
      kind: "card",
      at,
      table: step.table,
      title: `${kind}${chance}`,
      detail: `${step.chain} rule ${step.rule.index}`,
    };
  }
  if (step.kind === "nat") {
    const source = step.before.src !== step.after.src || step.before.sport !== step.after.sport;
    const target = step.before.dst !== step.after.dst || step.before.dport !== step.after.dport;
    const what =
      source && target ? "both ends put back" : source ? "source put back" : "destination put back";
    return { kind: "card", at, table: "conntrack", title: what, detail: "no rule is asked" };
  }
  return undefined;
}
