import { withoutUndefined } from "../../without-undefined";
import type { Json, Spec } from "./json";
import type { Line, Mark, Shown } from "./scene";

type Datum = Record<string, string | number | undefined>;

function shown(mark: Shown): Datum {
  return {
    k: mark.below === 0 ? undefined : mark.below,
    f: mark.inside,
    g: mark.whileClosed,
    n: mark.from,
    i: mark.only,
  };
}

/** Creates one layer: its data, and the transforms and opacity that its folds and steps require. */
function layer(
  data: readonly Datum[],
  mark: Spec,
  encoding: Spec,
  params?: readonly Json[],
): Spec | undefined {
  if (data.length === 0) return undefined;
  const has = (key: string) => data.some((datum) => datum[key] !== undefined);
  const transform: Json[] = [];
  if (has("f")) transform.push({ filter: "!isValid(datum.f) || opened[datum.f]" });
  if (has("g")) transform.push({ filter: "!isValid(datum.g) || !opened[datum.g]" });
  const moves = has("k") || has("e");
  if (moves) {
    transform.push({ calculate: "datum.y + drop[datum.k || 0]", as: "v" });
    if (has("Y")) transform.push({ calculate: "datum.Y + drop[datum.e || datum.k || 0]", as: "V" });
  }
  const lit = has("n") ? "(!isValid(datum.n) || at >= datum.n ? 1 : 0.3)" : undefined;
  const only = has("i") ? "(!isValid(datum.i) || at == datum.i ? 1 : 0)" : undefined;
  const opacity = [lit, only].filter((part) => part !== undefined).join(" * ");
  return {
    data: { values: data },
    ...(transform.length > 0 ? { transform } : {}),
    ...withoutUndefined({ params }),
    mark: { ...mark, opacity: opacity === "" ? 1 : { expr: opacity } },
    encoding: {
      ...encoding,
      y: at(moves ? "v" : "y"),
      ...(has("Y") ? { y2: { field: moves ? "V" : "Y" } } : {}),
    },
  };
}

const at = (field: string): Spec => ({ field, type: "quantitative", scale: null, axis: null });
const raw = (field: string): Spec => ({ field, type: "nominal", scale: null, legend: null });

const fill = { expr: "tones[datum.c]" };
const stroke = { expr: "tones[datum.s]" };

function kind<K extends Mark["kind"]>(
  marks: readonly Mark[],
  wanted: K,
): readonly Extract<Mark, { kind: K }>[] {
  return marks.filter((mark): mark is Extract<Mark, { kind: K }> => mark.kind === wanted);
}

const expr = (text: string): Spec => ({ expr: text });
const round = (value: number) => Math.round(value * 10) / 10;

export function boxes(marks: readonly Mark[], over: boolean): Spec | undefined {
  const all = kind(marks, "box").filter((box) => (box.over ?? false) === over);
  const data = all.map((box) => ({
    x: round(box.x),
    X: round(box.x + box.width),
    y: round(box.y),
    Y: round(box.y + box.height),
    c: box.fill ?? "none",
    s: box.stroke ?? "none",
    w: box.thick ?? (box.stroke === undefined ? 0 : 1),
    r: box.radius ?? 0,
    d: box.dashed ? 1 : undefined,
    e: box.belowEnd || undefined,
    ...shown(box),
  }));
  return layer(
    data,
    {
      type: "rect",
      fill,
      stroke,
      cornerRadius: expr("datum.r"),
      strokeWidth: expr("datum.w"),
      strokeDash: expr("datum.d ? [4, 4] : [1, 0]"),
    },
    {
      x: at("x"),
      x2: { field: "X" },
    },
  );
}

/** Round caps extend into the gaps by half the line width, so thicker lines get wider gaps. */
const DASH = expr("datum.d ? [5, 2 + datum.w] : [1, 0]");

function straight(line: Line): boolean {
  return line.points.length === 2;
}

export function rules(marks: readonly Mark[]): Spec | undefined {
  const all = kind(marks, "line").filter(straight);
  const data = all.map((line) => {
    const [[x, y], [X, Y]] = [line.points[0] ?? [0, 0], line.points[1] ?? [0, 0]];
    return {
      x: round(x),
      X: round(X),
      y: round(y),
      Y: round(Y),
      s: line.stroke,
      w: line.thick ?? 1,
      d: line.dashed ? 1 : undefined,
      e: line.belowEnd || undefined,
      ...shown(line),
    };
  });
  return layer(
    data,
    {
      type: "rule",
      stroke,
      strokeWidth: expr("datum.w"),
      strokeCap: "round",
      strokeDash: DASH,
    },
    {
      x: at("x"),
      x2: { field: "X" },
    },
  );
}

/** Draws polylines and arrow heads as symbols with an SVG path as shape. At size 4, the coordinates are pixels. */
export function paths(marks: readonly Mark[]): Spec | undefined {
  const lines = kind(marks, "line");
  const data = lines.flatMap((line) => {
    const common = { y: 0, ...shown(line) };
    const bent = straight(line)
      ? []
      : [
          {
            ...common,
            p: `M${line.points.map(([x, y]) => `${round(x)},${round(y)}`).join("L")}`,
            c: "none" as const,
            s: line.stroke,
            w: line.thick ?? 1,
            d: line.dashed ? 1 : undefined,
          },
        ];
    const head = line.arrow ? arrowHead(line.points) : undefined;
    return head === undefined
      ? bent
      : [
          ...bent,
          {
            ...common,
            k: line.belowEnd ?? line.below,
            p: head,
            c: line.stroke,
            s: line.stroke,
            w: 1,
            d: undefined,
          },
        ];
  });
  return layer(
    data,
    {
      type: "point",
      fill,
      stroke,
      size: 4,
      strokeWidth: expr("datum.w"),
      strokeCap: "round",
      strokeJoin: "round",
      strokeDash: DASH,
    },
    {
      x: { value: 0 },
      shape: raw("p"),
    },
  );
}

function arrowHead(points: Line["points"]): string | undefined {
  const end = points.at(-1);
  const before = points.at(-2);
  if (end === undefined || before === undefined) return undefined;
  const length = Math.hypot(end[0] - before[0], end[1] - before[1]) || 1;
  const [ux, uy] = [(end[0] - before[0]) / length, (end[1] - before[1]) / length];
  const [bx, by] = [end[0] - ux * 7, end[1] - uy * 7];
  const corner = (side: number) => `${round(bx - uy * side)},${round(by + ux * side)}`;
  return `M${round(end[0])},${round(end[1])}L${corner(3.5)}L${corner(-3.5)}Z`;
}

export function dots(marks: readonly Mark[]): Spec | undefined {
  const all = kind(marks, "dot");
  const data = all.map((dot) => ({
    x: round(dot.x),
    y: round(dot.y),
    a: round(dot.radius * dot.radius * (dot.shape === "diamond" ? 4 : Math.PI)),
    p: dot.shape ?? "circle",
    c: dot.fill,
    s: dot.stroke ?? "none",
    ...shown(dot),
  }));
  return layer(
    data,
    { type: "point", fill, stroke, strokeWidth: 2, size: expr("datum.a") },
    {
      x: at("x"),
      shape: raw("p"),
    },
  );
}

export function texts(marks: readonly Mark[]): Spec | undefined {
  const all = kind(marks, "text");
  const data = all.map((text) => ({
    x: round(text.x),
    y: round(text.y),
    t: text.text,
    r: text.role,
    c: text.tone ?? "ink",
    a: text.align === "left" ? undefined : text.align,
    ...shown(text),
  }));
  return layer(
    data,
    {
      type: "text",
      fill,
      baseline: "alphabetic",
      align: expr("datum.a || 'left'"),
      font: expr("roles[datum.r].code ? mono : sans"),
      fontSize: expr("roles[datum.r].size"),
      fontWeight: expr("roles[datum.r].bold ? 700 : 400"),
    },
    { x: at("x"), text: { field: "t" } },
  );
}

export function hits(marks: readonly Mark[], folds: boolean, steps: number): Spec | undefined {
  const all = kind(marks, "hit");
  const data = all.map((hit) => ({
    x: round(hit.x),
    X: round(hit.x + hit.width),
    y: round(hit.y),
    Y: round(hit.y + hit.height),
    tip: hit.tip,
    fold: hit.opens,
    m: hit.step,
    ...shown(hit),
  }));
  const params: Json[] = [];
  if (folds) {
    const select = { type: "point", fields: ["fold"], toggle: "true", on: "click", clear: false };
    params.push({ name: "open", select });
  }
  if (steps > 1) {
    params.push({
      name: "pick",
      select: { type: "point", fields: ["m"], toggle: false, on: "click", clear: false },
      bind: { m: { input: "range", min: 1, max: steps, step: 1, name: "step " } },
      value: [{ m: steps }],
    });
  }
  return layer(
    data,
    {
      type: "rect",
      fill: "transparent",
      stroke: null,
      tooltip: expr("datum.tip || null"),
      cursor: expr("isValid(datum.fold) || isValid(datum.m) ? 'pointer' : 'default'"),
    },
    {
      x: at("x"),
      x2: { field: "X" },
    },
    params.length > 0 ? params : undefined,
  );
}
