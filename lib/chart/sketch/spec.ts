import { CODE, CODE_STILL, ROLES, SANS, SANS_STILL } from "./font-metrics";
import type { Json, Spec } from "./json";
import { boxes, dots, hits, paths, rules, texts } from "./layer";
import { PALETTE, type Tone } from "./palette";
import type { Mark, Scene } from "./scene";

/** `live` is interactive and follows the theme; `still` is static, in the colours of the light theme. */
export type Medium = "live" | "still";

/**
 * Converts a scene to one Vega-Lite specification, with one layer per kind of mark. The data is already laid out.
 * Works with Vega-Lite 5 (JupyterLab) and 6.
 */
export function specOf(scene: Scene, medium: Medium): Spec {
  const folds = scene.folds ?? [];
  const marks = medium === "live" ? scene.marks : scene.marks.filter((mark) => seenStill(mark, scene));
  const layers = [
    boxes(marks, false),
    rules(marks),
    paths(marks),
    boxes(marks, true),
    dots(marks),
    texts(marks),
    hits(scene.marks, folds.length > 0, scene.steps ?? 0),
  ].filter((layer) => layer !== undefined);
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    usermeta: { embedOptions: { renderer: "svg", actions: false } },
    description: scene.description,
    width: scene.width,
    height: scene.height,
    padding: 6,
    autosize: { type: "none" },
    background: medium === "live" ? "transparent" : PALETTE.ground.still,
    params: [
      ...constants(scene.marks, medium),
      ...foldParams(folds, scene.height),
      ...stepParam(scene.steps),
    ],
    layer: layers,
    config: { view: { stroke: null }, aria: false },
  };
}

/** Returns whether a mark is visible if all folds are closed and the slider is at its last step. */
function seenStill(mark: Mark, { steps }: Scene): boolean {
  return mark.inside === undefined && (mark.only === undefined || steps === undefined || mark.only === steps);
}

function constants(marks: readonly Mark[], medium: Medium): readonly Json[] {
  const used = new Set<Tone>(["none", "ink"]);
  for (const mark of marks) for (const tone of tonesOf(mark)) used.add(tone);
  return [
    { name: "tones", value: Object.fromEntries([...used].map((tone) => [tone, PALETTE[tone][medium]])) },
    { name: "roles", value: ROLES },
    { name: "sans", value: medium === "live" ? SANS : SANS_STILL },
    { name: "mono", value: medium === "live" ? CODE : CODE_STILL },
  ];
}

function tonesOf(mark: Mark): readonly Tone[] {
  switch (mark.kind) {
    case "box":
    case "dot":
      return [mark.fill ?? "none", mark.stroke ?? "none"];
    case "line":
      return [mark.stroke];
    case "text":
      return [mark.tone ?? "ink"];
    case "hit":
      return [];
  }
}

/**
 * `drop[n]` is the height of those of the first n folds that are open: the marks below move down by it. A parameter
 * named like Vega's signal `height` overrides that signal, so the picture grows when folds open.
 */
function foldParams(heights: readonly number[], closed: number): readonly Json[] {
  if (heights.length === 0) return [];
  const opened = heights.map((_, i) => `indexof(open.fold || [], ${i}) >= 0`);
  const sums = heights.map((height, i) => ({
    name: `drop${i + 1}`,
    expr: `${i === 0 ? "0" : `drop${i}`} + (${opened[i] ?? "false"} ? ${height} : 0)`,
  }));
  return [
    ...sums,
    { name: "drop", expr: `[0, ${sums.map((sum) => sum.name).join(", ")}]` },
    { name: "height", expr: `${closed} + drop${heights.length}` },
    { name: "opened", expr: `[${opened.join(", ")}]` },
  ];
}

/** The parameter of the shown step: set by the slider or by a click on a row; initially the last step. */
function stepParam(steps: number | undefined): readonly Json[] {
  if (steps === undefined || steps < 2) return [];
  return [{ name: "at", expr: `isValid(pick_m) ? pick_m : ${steps}` }];
}
