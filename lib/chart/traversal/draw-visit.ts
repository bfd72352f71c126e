import { elide, textWidth } from "../sketch/font-metrics";
import type { Sheet } from "../sketch/layout";
import type { Mark } from "../sketch/scene";
import { pill, pillWidth, WIDTH } from "../sketch/shapes";
import { GAP, HOOK, PILL_X, RAIL, RIGHT, TEXT } from "./columns";
import { drawRow, hookLabel } from "./draw-row";
import type { ArrivalWitness } from "./options";
import type { Row, Stay } from "./row";
import { type Station, stationOf, wayOf } from "./stations";
import { STRIP_HEIGHT, strip, TRACK_HEIGHT, track } from "./track";

/** The steps of the slider: one for each row. */
export class Counter {
  last = 0;
  next(): number {
    this.last += 1;
    return this.last;
  }
}

/** Whether a packet that did not arrive was seen in a namespace, was seen there last, or was not seen there. */
export type Reach = "seen" | "last" | "not";

export interface StayOptions {
  /** Whether the path crosses several namespaces. */
  readonly journey: boolean;
  readonly steps: Counter;
  /** Whether tables of both implementations are loaded. */
  readonly mixed: boolean;
  readonly reach: Reach;
  /** What was seen of its arrival; absent where nobody looked. */
  readonly arrival?: ArrivalWitness;
}

/** One namespace: its stops, its rows, and, in a journey, its frame and the cord to the next one. */
export function drawStay(sheet: Sheet, stay: Stay, next: Stay | undefined, options: StayOptions): void {
  if (!options.journey) {
    drawStops(sheet, stay, options);
    drawReach(sheet, options);
    return;
  }
  sheet.frame(() => {
    drawStops(sheet, stay, options);
    drawReach(sheet, options);
    sheet.y += 6;
  });
  if (next !== undefined) drawCord(sheet, stay, next, options.reach);
}

/** Whether a row says that the packet was delivered, and it was not, or nobody listened. */
function isDoubted(row: Row, { arrival }: StayOptions): boolean {
  if (row.kind !== "end" || row.step.verdict !== "accept" || arrival === undefined) return false;
  return arrival.refused !== undefined || arrival.confirmed === false;
}

/** In the namespace where a packet was seen last, and in those after it. */
function drawReach(sheet: Sheet, { reach, arrival }: StayOptions): void {
  if (reach === "seen") return;
  const y = sheet.y + 12;
  const word = reach === "last" ? "✕ last seen" : "? not seen";
  sheet.put(...pill(word, reach === "last" ? "badPill" : "unsurePill", PILL_X, y, pillWidth(word)));
  const text =
    reach === "last"
      ? (arrival?.last?.text ?? "")
      : "it was not seen in this namespace: these rows are the prediction only";
  const x = Math.max(TEXT, PILL_X + pillWidth(word) + 10);
  sheet.put({ kind: "text", x, y, text, role: "label" });
  sheet.y += 16 + GAP;
}

function drawStops(sheet: Sheet, stay: Stay, options: StayOptions): void {
  const { journey, steps, mixed } = options;
  const top = sheet.y;
  sheet.at(undefined);
  const way = wayOf(stay);
  const first = new Map<Station, number>();
  const cameIn = way.stations[0] === "PREROUTING";
  stay.rows.forEach((row, index) => {
    const station = stationOf(row, cameIn);
    if (!first.has(station)) first.set(station, steps.last + index + 1);
  });
  const stepOf = (station: Station): number | undefined => {
    const known = first.get(station);
    if (known !== undefined) return known;
    const next = way.stations.slice(way.stations.indexOf(station) + 1).find((one) => first.has(one));
    return next === undefined ? steps.last + stay.rows.length : first.get(next);
  };
  if (journey) {
    const line = strip(way, RIGHT, top + 4, stepOf);
    const name = elide(stay.place, "head", line.left - HOOK - 10);
    sheet.put(...line.marks, { kind: "text", x: HOOK, y: top + 25, text: name, role: "head" });
    sheet.y += STRIP_HEIGHT + 10;
  } else {
    sheet.put(...track(way, sheet.y, stepOf));
    sheet.y += TRACK_HEIGHT;
    columnHeads(sheet);
  }
  const rail: { y: number; below: number }[] = [];
  let hook = "";
  for (const row of stay.rows) {
    const step = steps.next();
    sheet.at(step);
    const label = hookLabel(row);
    drawRow(sheet, row, label === hook ? "" : label, rail, { mixed, doubted: isDoubted(row, options) });
    hook = label;
  }
  sheet.at(undefined);
  const [from, to] = [rail[0], rail[rail.length - 1]];
  if (from !== undefined && to !== undefined && from !== to) {
    sheet.put({
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

/** From one namespace's frame to the next: the cord between two interfaces. */
function drawCord(sheet: Sheet, stay: Stay, next: Stay, reach: Reach): void {
  const link = stay.left ?? next.entered;
  const x = RAIL;
  const { y } = sheet;
  sheet.put({
    kind: "line",
    points: [
      [x, y],
      [x, y + 40],
    ],
    stroke: reach === "seen" ? "cord" : reach === "last" ? "bad" : "unsure",
    thick: 2.5,
    arrow: true,
    ...(reach === "seen" ? {} : { dashed: true }),
  });
  if (link !== undefined) {
    const end = ({ link: name, ifindex }: { link: string; ifindex?: number }) =>
      ifindex === undefined ? name : `${name} (${ifindex})`;
    const text = `${end(link.from)} → ${end(link.to)}`;
    const short = elide(text, "codeSmall", 330);
    sheet.put(
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
  sheet.y += 42;
}

function columnHeads(sheet: Sheet): void {
  const y = sheet.y + 12;
  const head = (x: number, text: string, align: "left" | "right" = "left"): Mark => ({
    kind: "text",
    x,
    y,
    text,
    role: "small",
    tone: "mute",
    align,
  });
  sheet.put(
    head(HOOK, "hook"),
    head(PILL_X, "table"),
    head(TEXT, "chain and rule"),
    head(RIGHT - 8, "packet after", "right"),
  );
  sheet.put({
    kind: "line",
    points: [
      [0, y + 7],
      [WIDTH, y + 7],
    ],
    stroke: "edge",
  });
  sheet.y += 28;
}
