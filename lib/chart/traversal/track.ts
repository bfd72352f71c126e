import { elide, textWidth } from "../sketch/font-metrics";
import type { Line, Mark } from "../sketch/scene";
import { PILL_HEIGHT } from "../sketch/shapes";
import type { Station, StationSequence } from "./stations";

interface Place {
  readonly x: number;
  readonly lane: 0 | 1;
}

const MAP: Readonly<Record<Station, Place>> = {
  PREROUTING: { x: 122, lane: 0 },
  routing: { x: 250, lane: 0 },
  FORWARD: { x: 388, lane: 0 },
  POSTROUTING: { x: 614, lane: 0 },
  INPUT: { x: 308, lane: 1 },
  process: { x: 388, lane: 1 },
  "routing out": { x: 456, lane: 1 },
  OUTPUT: { x: 526, lane: 1 },
};

const EDGES: readonly (readonly [Station, Station])[] = [
  ["PREROUTING", "routing"],
  ["routing", "FORWARD"],
  ["FORWARD", "POSTROUTING"],
  ["routing", "INPUT"],
  ["INPUT", "process"],
  ["process", "routing out"],
  ["routing out", "OUTPUT"],
  ["OUTPUT", "POSTROUTING"],
];

const LANE = 44;
const MIDDLE = 26;
export const TRACK_HEIGHT = MIDDLE + LANE + 34;
const LEFT_END = 36;
const RIGHT_END = 748;

/** Returns half the width and height of a station, so that lines end at its edge. */
function halves(station: Station): readonly [number, number] {
  if (station === "routing" || station === "routing out") return [9, 9];
  if (station === "process") return [(textWidth("process", "small") + 14) / 2, 11];
  return [(textWidth(station, "smallBold") + 22) / 2, 12];
}

/** Returns the point where the line between two stations leaves the first one. */
function edge(station: Station, at: Point, towards: Point): Point {
  const [w, h] = halves(station);
  const [dx, dy] = [towards[0] - at[0], towards[1] - at[1]];
  if (dy === 0) return [at[0] + Math.sign(dx) * w, at[1]];
  const diamond = w === h;
  const scale = diamond
    ? w / (Math.abs(dx) + Math.abs(dy))
    : Math.min(w / Math.abs(dx || 1e-9), h / Math.abs(dy));
  return [at[0] + dx * scale, at[1] + dy * scale];
}

type Point = readonly [number, number];

/**
 * Draws the hooks of a namespace with the packet's path highlighted. `stepOf` returns the slider step at which a station
 * is first reached.
 */
export function track(
  sequence: StationSequence,
  y: number,
  stepOf: (station: Station) => number | undefined,
): readonly Mark[] {
  const lit = new Set(sequence.stations);
  const marks: Mark[] = [];
  const point = (station: Station): Point => {
    const { x, lane } = MAP[station];
    return [x, y + MIDDLE + lane * LANE];
  };
  const onWay = (a: Station, b: Station) =>
    sequence.stations.some((station, i) => station === a && sequence.stations[i + 1] === b);
  for (const [a, b] of EDGES) {
    marks.push(rail(edge(a, point(a), point(b)), edge(b, point(b), point(a)), onWay(a, b), stepOf(b)));
  }
  const enters = sequence.stations[0] === "PREROUTING";
  const leaves = sequence.stations.at(-1) === "POSTROUTING";
  const [first, last] = [point("PREROUTING"), point("POSTROUTING")];
  const start: Point = [LEFT_END + 38, first[1]];
  const end: Point = [RIGHT_END - 46, last[1]];
  marks.push(rail(start, edge("PREROUTING", first, start), enters, stepOf("PREROUTING")));
  marks.push({ ...rail(edge("POSTROUTING", last, end), end, leaves, stepOf("POSTROUTING")), arrow: leaves });
  marks.push(
    ...interfaceLabel(sequence.from ?? "in", LEFT_END, y, enters),
    ...interfaceLabel(sequence.to ?? "out", RIGHT_END, y, leaves),
  );
  for (const station of STATIONS) {
    marks.push(
      ...stop(
        station,
        point(station),
        lit.has(station),
        lit.has(station) ? stepOf(station) : undefined,
        true,
      ),
    );
  }
  return marks;
}

const STATIONS: readonly Station[] = [
  "PREROUTING",
  "routing",
  "FORWARD",
  "POSTROUTING",
  "INPUT",
  "process",
  "routing out",
  "OUTPUT",
];

function rail(a: Point, b: Point, lit: boolean, step: number | undefined): Line {
  return {
    kind: "line",
    points: [a, b],
    stroke: lit ? "ink" : "edge",
    thick: lit ? 3 : 1.5,
    ...(lit && step !== undefined ? { from: step } : {}),
  };
}

export const STRIP_HEIGHT = 34;
const STRIP_GAP = 20;

/** Draws the stations of the path in one line, without the others; it ends at `right`. */
export function strip(
  sequence: StationSequence,
  right: number,
  y: number,
  stepOf: (station: Station) => number | undefined,
): { readonly marks: readonly Mark[]; readonly left: number } {
  const middle = y + 17;
  const name = (text: string | undefined) => (text === undefined ? "" : elide(text, "codeSmall", 84));
  const [from, to] = [name(sequence.from), name(sequence.to)];
  const widths = sequence.stations.map((station) => 2 * halves(station)[0]);
  const fromWidth = from === "" ? 0 : textWidth(from, "codeSmall") + 6 + STRIP_GAP;
  const toWidth = to === "" ? 0 : textWidth(to, "codeSmall") + 6 + STRIP_GAP;
  const total =
    fromWidth +
    toWidth +
    widths.reduce((sum, width) => sum + width, 0) +
    STRIP_GAP * Math.max(sequence.stations.length - 1, 0);
  const left = right - total;
  const marks: Mark[] = [];
  let x = left;
  const label = (text: string, at: number): Mark => ({
    kind: "text",
    x: at,
    y: middle + 4,
    text,
    role: "codeSmall",
  });
  if (from !== "") {
    marks.push(label(from, x));
    x += fromWidth - STRIP_GAP;
    const [first] = sequence.stations;
    marks.push(
      rail([x, middle], [x + STRIP_GAP, middle], true, first === undefined ? undefined : stepOf(first)),
    );
    x += STRIP_GAP;
  }
  sequence.stations.forEach((station, i) => {
    const width = widths[i] ?? 0;
    const step = stepOf(station);
    if (i > 0) {
      marks.push(rail([x, middle], [x + STRIP_GAP, middle], true, step));
      x += STRIP_GAP;
    }
    marks.push(...stop(station, [x + width / 2, middle], true, step, false));
    x += width;
  });
  if (to !== "") {
    const last = sequence.stations.at(-1);
    marks.push({
      ...rail([x, middle], [x + STRIP_GAP, middle], true, last === undefined ? undefined : stepOf(last)),
      arrow: true,
    });
    marks.push(label(to, x + STRIP_GAP + 6));
  }
  return { marks, left };
}

function interfaceLabel(name: string, x: number, y: number, lit: boolean): readonly Mark[] {
  const tone = lit ? "ink" : "mute";
  if (name === "in" || name === "out") {
    return [{ kind: "text", x, y: y + MIDDLE + 4, text: name, role: "small", tone: "mute", align: "center" }];
  }
  const short = elide(name, "codeSmall", x === LEFT_END ? 70 : 90);
  return [
    { kind: "text", x, y: y + MIDDLE - 1, text: short, role: "codeSmall", tone, align: "center" },
    {
      kind: "text",
      x,
      y: y + MIDDLE + 13,
      text: x === LEFT_END ? "in" : "out",
      role: "small",
      tone: "mute",
      align: "center",
    },
  ];
}

function stop(
  station: Station,
  [x, y]: readonly [number, number],
  lit: boolean,
  from: number | undefined,
  named: boolean,
): readonly Mark[] {
  const step = from === undefined ? {} : { from };
  if (station === "routing" || station === "routing out") {
    const label: Mark = {
      kind: "text",
      x,
      y: station === "routing" ? y - 17 : y + 26,
      text: "routing",
      role: "small",
      tone: "mute",
      align: "center",
    };
    const diamond: Mark = {
      kind: "dot",
      x,
      y,
      radius: 10,
      shape: "diamond",
      fill: lit ? "ink" : "edge",
      ...step,
    };
    return named ? [diamond, label] : [diamond];
  }
  if (station === "process") {
    const width = textWidth("process", "small") + 14;
    return [
      {
        kind: "box",
        x: x - width / 2,
        y: y - 11,
        width,
        height: 22,
        fill: "ground",
        stroke: lit ? "ink" : "edge",
        thick: 1.5,
        radius: 3,
        over: true,
        ...step,
      },
      {
        kind: "text",
        x,
        y: y + 4,
        text: "process",
        role: "small",
        tone: lit ? "ink" : "mute",
        align: "center",
        ...step,
      },
    ];
  }
  const width = textWidth(station, "smallBold") + 22;
  const height = PILL_HEIGHT + 8;
  return [
    {
      kind: "box",
      x: x - width / 2,
      y: y - height / 2,
      width,
      height,
      fill: lit ? "ink" : "ground",
      stroke: lit ? "ink" : "edge",
      thick: 1.5,
      radius: height / 2,
      over: true,
      ...step,
    },
    {
      kind: "text",
      x,
      y: y + 4,
      text: station,
      role: "smallBold",
      tone: lit ? "ground" : "mute",
      align: "center",
      ...step,
    },
  ];
}
