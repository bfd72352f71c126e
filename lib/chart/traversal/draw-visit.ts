import { elide, textWidth } from "../sketch/font-metrics";
import type { Layout } from "../sketch/layout";
import type { Mark } from "../sketch/scene";
import { pill, pillWidth, WIDTH } from "../sketch/shapes";
import { GAP, HOOK, PILL_X, RAIL, RIGHT, TEXT } from "./columns";
import { drawRow, hookLabel } from "./draw-row";
import type { ArrivalWitness } from "./options";
import type { NamespaceVisit, Row } from "./row";
import { type Station, stationOf, stationSequence } from "./stations";
import { STRIP_HEIGHT, strip, TRACK_HEIGHT, track } from "./track";

/** Counts the steps of the slider: one per row. */
export class Counter {
  last = 0;
  next(): number {
    this.last += 1;
    return this.last;
  }
}

/** Whether a packet that did not arrive was seen in a namespace, was seen there last, or was not seen there. */
type Reach = "seen" | "last" | "not";

export interface StayOptions {
  /** Whether the traversal crosses several namespaces. */
  readonly journey: boolean;
  readonly steps: Counter;
  /** Whether tables of both variants are loaded. */
  readonly mixed: boolean;
  readonly reach: Reach;
  /** Whether the packet was seen to arrive; absent if that was not observed. */
  readonly arrival?: ArrivalWitness;
}

/** Draws the path of a packet in one network namespace: the track of hooks and one row for each step. If the packet crosses
 * several namespaces, also draws a frame around this one and the line to the next namespace. */
export function drawVisit(
  layout: Layout,
  visit: NamespaceVisit,
  next: NamespaceVisit | undefined,
  options: StayOptions,
): void {
  if (!options.journey) {
    drawStops(layout, visit, options);
    drawReach(layout, options);
    return;
  }
  layout.frame(() => {
    drawStops(layout, visit, options);
    drawReach(layout, options);
    layout.y += 6;
  });
  if (next !== undefined) drawConnection(layout, visit, next, options.reach);
}

/** Returns whether a row says that the packet was delivered, although it was not seen or no socket listened. */
function isDoubted(row: Row, { arrival }: StayOptions): boolean {
  if (row.kind !== "end" || row.step.verdict !== "accept" || arrival === undefined) return false;
  return arrival.refused !== undefined || arrival.confirmed === false;
}

/** Draws a note in the namespace where a packet was seen last, and in those after it. */
function drawReach(layout: Layout, { reach, arrival }: StayOptions): void {
  if (reach === "seen") return;
  const y = layout.y + 12;
  const word = reach === "last" ? "✕ last seen" : "? not seen";
  layout.put(...pill(word, reach === "last" ? "badPill" : "unsurePill", PILL_X, y, pillWidth(word)));
  const text =
    reach === "last"
      ? (arrival?.last?.text ?? "")
      : "not seen in this namespace: these rows are only the prediction";
  const x = Math.max(TEXT, PILL_X + pillWidth(word) + 10);
  layout.put({ kind: "text", x, y, text, role: "label" });
  layout.y += 16 + GAP;
}

function drawStops(layout: Layout, visit: NamespaceVisit, options: StayOptions): void {
  const { journey, steps, mixed } = options;
  const top = layout.y;
  layout.at(undefined);
  const sequence = stationSequence(visit);
  const first = new Map<Station, number>();
  const cameIn = sequence.stations[0] === "PREROUTING";
  visit.rows.forEach((row, index) => {
    const station = stationOf(row, cameIn);
    if (!first.has(station)) first.set(station, steps.last + index + 1);
  });
  const stepOf = (station: Station): number | undefined => {
    const known = first.get(station);
    if (known !== undefined) return known;
    const next = sequence.stations
      .slice(sequence.stations.indexOf(station) + 1)
      .find((one) => first.has(one));
    return next === undefined ? steps.last + visit.rows.length : first.get(next);
  };
  if (journey) {
    const line = strip(sequence, RIGHT, top + 4, stepOf);
    const name = elide(visit.place, "head", line.left - HOOK - 10);
    layout.put(...line.marks, { kind: "text", x: HOOK, y: top + 25, text: name, role: "head" });
    layout.y += STRIP_HEIGHT + 10;
  } else {
    layout.put(...track(sequence, layout.y, stepOf));
    layout.y += TRACK_HEIGHT;
    columnHeads(layout);
  }
  const rail: { y: number; below: number }[] = [];
  let hook = "";
  for (const row of visit.rows) {
    const step = steps.next();
    layout.at(step);
    const label = hookLabel(row);
    drawRow(layout, row, label === hook ? "" : label, rail, { mixed, doubted: isDoubted(row, options) });
    hook = label;
  }
  layout.at(undefined);
  const [from, to] = [rail[0], rail[rail.length - 1]];
  if (from !== undefined && to !== undefined && from !== to) {
    layout.put({
      kind: "line",
      points: [
        [RAIL, from.y],
        [RAIL, to.y],
      ],
      stroke: "edge",
      thick: 1.5,
      below: from.below,
      belowEnd: to.below,
    });
  }
}

/** Draws the line between two interfaces from one namespace's frame to the next. */
function drawConnection(layout: Layout, visit: NamespaceVisit, next: NamespaceVisit, reach: Reach): void {
  const link = visit.left ?? next.entered;
  const x = RAIL;
  const { y } = layout;
  layout.put({
    kind: "line",
    points: [
      [x, y],
      [x, y + 40],
    ],
    stroke: reach === "seen" ? "veth" : reach === "last" ? "bad" : "unsure",
    thick: 2.5,
    arrow: true,
    ...(reach === "seen" ? {} : { dashed: true }),
  });
  if (link !== undefined) {
    const end = ({ link: name, ifindex }: { link: string; ifindex?: number }) =>
      ifindex === undefined ? name : `${name} (${ifindex})`;
    const text = `${end(link.from)} → ${end(link.to)}`;
    const short = elide(text, "codeSmall", 330);
    layout.put(
      { kind: "text", x: x + 14, y: y + 24, text: short, role: "codeSmall" },
      {
        kind: "text",
        x: x + 14 + textWidth(short, "codeSmall") + 14,
        y: y + 24,
        text: elide(link.text, "small", RIGHT - x - 28 - textWidth(short, "codeSmall")),
        role: "small",
        tone: "mute",
      },
    );
  }
  layout.y += 42;
}

function columnHeads(layout: Layout): void {
  const y = layout.y + 12;
  const head = (x: number, text: string, align: "left" | "right" = "left"): Mark => ({
    kind: "text",
    x,
    y,
    text,
    role: "small",
    tone: "mute",
    align,
  });
  layout.put(
    head(HOOK, "hook"),
    head(PILL_X, "table"),
    head(TEXT, "chain and rule"),
    head(RIGHT - 8, "packet after", "right"),
  );
  layout.put({
    kind: "line",
    points: [
      [0, y + 7],
      [WIDTH, y + 7],
    ],
    stroke: "edge",
  });
  layout.y += 28;
}
