import { ROLES, type Role, textWidth } from "../../lib/chart/sketch/font-metrics";

/** The interactive state of a picture: which folds are open, and the slider's step. */
export interface State {
  readonly open: ReadonlySet<number>;
  readonly step: number;
}

export interface Rect {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Placed extends Rect {
  readonly text: string;
  readonly size: number;
}

export interface Segment {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
}

type Datum = Readonly<Record<string, unknown>>;
export type AnySpec = Readonly<Record<string, unknown>>;

const number = (datum: Datum, key: string, fallback = 0): number => {
  const value = datum[key];
  return typeof value === "number" ? value : fallback;
};

function isDatum(value: unknown): value is Datum {
  return typeof value === "object" && value !== null;
}

function layersOf(spec: AnySpec): readonly { readonly type: string; readonly values: readonly Datum[] }[] {
  const layers = Array.isArray(spec["layer"]) ? spec["layer"] : [];
  return layers.filter(isDatum).map((layer) => {
    const mark = isDatum(layer["mark"]) ? layer["mark"] : {};
    const data = isDatum(layer["data"]) ? layer["data"] : {};
    const values = Array.isArray(data["values"]) ? data["values"].filter(isDatum) : [];
    return { type: String(mark["type"]), values };
  });
}

/** Returns the height of each open fold in pixels, from the parameters of the specification. */
export function foldsOf(spec: AnySpec): readonly number[] {
  const params = Array.isArray(spec["params"]) ? spec["params"].filter(isDatum) : [];
  return params.flatMap((param) => {
    const found = /^drop\d+$/.test(String(param["name"]))
      ? /\? ([\d.]+) : 0/.exec(String(param["expr"]))
      : null;
    return found?.[1] === undefined ? [] : [Number(found[1])];
  });
}

export function stepsOf(spec: AnySpec): number {
  const params = Array.isArray(spec["params"]) ? spec["params"].filter(isDatum) : [];
  const at = params.find((param) => param["name"] === "at");
  return at === undefined ? 1 : Number(/: (\d+)$/.exec(String(at["expr"]))?.[1] ?? 1);
}

const closed: State = { open: new Set(), step: Number.POSITIVE_INFINITY };

function drop(folds: readonly number[], above: number, state: State): number {
  return folds.slice(0, above).reduce((sum, height, i) => sum + (state.open.has(i) ? height : 0), 0);
}

function isSeen(datum: Datum, state: State, steps: number): boolean {
  const { f, g, i } = datum;
  if (typeof f === "number" && !state.open.has(f)) return false;
  if (typeof g === "number" && state.open.has(g)) return false;
  return typeof i !== "number" || i === Math.min(state.step, steps);
}

function isRole(name: unknown): name is Role {
  return typeof name === "string" && name in ROLES;
}

/** Returns every text that is visible in this state, with its bounding box. */
export function textsOf(spec: AnySpec, state: State = closed): readonly Placed[] {
  const folds = foldsOf(spec);
  const steps = stepsOf(spec);
  return layersOf(spec)
    .filter((layer) => layer.type === "text")
    .flatMap((layer) => layer.values)
    .filter((datum) => isSeen(datum, state, steps))
    .map((datum) => {
      const role = isRole(datum["r"]) ? datum["r"] : "body";
      const text = String(datum["t"]);
      const { size } = ROLES[role];
      const width = textWidth(text, role);
      const x = number(datum, "x");
      const y = number(datum, "y") + drop(folds, number(datum, "k"), state);
      const left = datum["a"] === "center" ? x - width / 2 : datum["a"] === "right" ? x - width : x;
      return { text, size, left, right: left + width, top: y - size * 0.74, bottom: y + size * 0.2 };
    });
}

/** Returns every straight line, and every segment of a polyline. */
export function linesOf(spec: AnySpec, state: State = closed): readonly Segment[] {
  const folds = foldsOf(spec);
  const steps = stepsOf(spec);
  return layersOf(spec).flatMap((layer) =>
    layer.values
      .filter((datum) => isSeen(datum, state, steps))
      .flatMap((datum): readonly Segment[] => {
        const dy = drop(folds, number(datum, "k"), state);
        if (layer.type === "rule") {
          const ey = drop(folds, number(datum, "e", number(datum, "k")), state);
          return [
            {
              from: [number(datum, "x"), number(datum, "y") + dy],
              to: [number(datum, "X"), number(datum, "Y") + ey],
            },
          ];
        }
        const path = datum["p"];
        if (layer.type !== "point" || typeof path !== "string" || !path.startsWith("M") || path.endsWith("Z"))
          return [];
        const points = path
          .slice(1)
          .split("L")
          .map((point) => point.split(",").map(Number));
        return points.slice(1).map((to, i): Segment => {
          const from = points[i] ?? [0, 0];
          return { from: [from[0] ?? 0, (from[1] ?? 0) + dy], to: [to[0] ?? 0, (to[1] ?? 0) + dy] };
        });
      }),
  );
}

export function heightOf(spec: AnySpec, state: State = closed): number {
  const folds = foldsOf(spec);
  return number(spec, "height") + drop(folds, folds.length, state);
}

export function overlap(a: Rect, b: Rect): boolean {
  const slack = 0.5;
  return (
    a.left + slack < b.right &&
    b.left + slack < a.right &&
    a.top + slack < b.bottom &&
    b.top + slack < a.bottom
  );
}

/** Returns whether a line crosses a text. */
export function crosses({ from, to }: Segment, text: Rect): boolean {
  const samples = 64;
  for (let i = 0; i <= samples; i += 1) {
    const share = i / samples;
    const x = from[0] + (to[0] - from[0]) * share;
    const y = from[1] + (to[1] - from[1]) * share;
    if (x > text.left + 0.5 && x < text.right - 0.5 && y > text.top + 1 && y < text.bottom - 1) return true;
  }
  const horizontal = Math.abs(from[1] - to[1]) < 0.01;
  if (horizontal) {
    const [left, right] = [Math.min(from[0], to[0]), Math.max(from[0], to[0])];
    return left < text.right && right > text.left && from[1] > text.top + 1 && from[1] < text.bottom - 1;
  }
  const vertical = Math.abs(from[0] - to[0]) < 0.01;
  if (!vertical) return false;
  const [top, bottom] = [Math.min(from[1], to[1]), Math.max(from[1], to[1])];
  return (
    top < text.bottom - 1 && bottom > text.top + 1 && from[0] > text.left + 0.5 && from[0] < text.right - 0.5
  );
}

/** Describes every layout error of a picture in one state. Empty if there is none. */
export function faults(spec: AnySpec, state: State = closed, lines = true): readonly string[] {
  const found: string[] = [];
  const texts = textsOf(spec, state).filter((text) => text.text.trim() !== "");
  const [width, height] = [number(spec, "width"), heightOf(spec, state)];
  texts.forEach((one, i) => {
    if (one.size < 10.5) found.push(`"${one.text}" is set in ${one.size} px`);
    if (one.left < -1 || one.right > width + 1) found.push(`"${one.text}" leaves the picture sideways`);
    if (one.top < -1 || one.bottom > height + 1)
      found.push(`"${one.text}" leaves the picture at ${one.bottom} of ${height}`);
    for (const other of texts.slice(i + 1)) {
      if (overlap(one, other)) found.push(`"${one.text}" and "${other.text}" overlap`);
    }
  });
  if (!lines) return found;
  for (const line of linesOf(spec, state)) {
    for (const text of texts) {
      if (crosses(line, text)) found.push(`a line from ${line.from} to ${line.to} crosses "${text.text}"`);
    }
  }
  return found;
}

/** Describes every pair of frames or cards that overlap without nesting. Ignores shapes on a border (plugs, pills). */
export function boxFaults(spec: AnySpec): readonly string[] {
  const [first] = layersOf(spec);
  if (first?.type !== "rect") return [];
  const boxes = first.values.map((datum) => ({
    left: number(datum, "x"),
    right: number(datum, "X"),
    top: number(datum, "y"),
    bottom: number(datum, "Y"),
  }));
  const holds = (a: Rect, b: Rect) =>
    a.left <= b.left + 0.5 && a.right >= b.right - 0.5 && a.top <= b.top + 0.5 && a.bottom >= b.bottom - 0.5;
  return boxes.flatMap((one, i) =>
    boxes
      .slice(i + 1)
      .filter((other) => overlap(one, other) && !holds(one, other) && !holds(other, one))
      .map((other) => `${JSON.stringify(one)} and ${JSON.stringify(other)} overlap`),
  );
}
