import { textWidth } from "../sketch/font-metrics";
import type { Mark } from "../sketch/scene";
import { type Block, type Hook, label, linkName, type Plug, shift } from "./block";
import type { Graph, Port, Spot } from "./graph";
import { GAP, type Placed, pack } from "./placed";
import { type Pair, portKey, unitsOf } from "./unit";

const NETWORK = 46;
const LANE = 16;
/** Space on the left for the network's trunk, which runs down to the other rows, in pixels. */
export const TRUNK = 18;

import type { World } from "../../inspect/world";

export interface RowsOptions {
  readonly width: number;
  /** The caller draws the network: each bar starts at the left edge, without a trunk. */
  readonly open?: boolean;
}

/** Draws places in rows, connected to the lab's network above. Cords between them run in lanes below. */
export function rowsBlock(spots: readonly Spot[], graph: Graph, world: World, options: RowsOptions): Block {
  const { width } = options;
  const names = new Set(spots.map((spot) => spot.place.name));
  const cross = graph.pairs.filter(
    ({ a, b }) => names.has(a.place) && names.has(b.place) && a.place !== b.place && !a.uplink && !b.uplink,
  );
  const { units, lanes } = unitsOf(spots, cross);
  const hangs = world.network !== undefined && spots.some((spot) => spot.ports.some((port) => port.uplink));
  const trunk = options.open === true ? 0 : TRUNK;
  const once = pack(units, width);
  const left = hanging(once, spots) > 1 && hangs ? trunk : 0;
  const side = once.length > 1 ? crossing(once, lanes) * LANE : 0;
  const rows = left + side > 0 ? pack(units, width - left - side) : once;
  const marks: Mark[] = [];
  const bars: number[] = [];
  const plugs = new Map<string, Plug & { readonly row: number }>();
  const bottoms: number[] = [];
  let y = 0;
  rows.forEach((row, index) => {
    const blocks = row.map(({ unit, width: own }) => unit.draw(own));
    const named = bars.length === 0 && world.network !== undefined && world.network.name !== "";
    if (blocks.some((block) => block.hooks.length > 0)) {
      if (named) y += 20;
      bars.push(y + 2);
      y += NETWORK;
    }
    let x = left;
    let height = 0;
    const hooks: Hook[] = [];
    for (const block of blocks) {
      const placed = shift(block, x, y);
      marks.push(...placed.marks);
      hooks.push(...placed.hooks);
      for (const plug of placed.plugs) plugs.set(portKey(plug.port), { ...plug, row: index });
      x += block.width + GAP;
      height = Math.max(height, block.height);
    }
    const bar = bars.at(-1);
    if (hooks.length > 0 && bar !== undefined) {
      const fromLeft = left > 0 || options.open === true;
      marks.push(...network(hooks, bar, fromLeft, width));
      if (named && world.network !== undefined) {
        const text = `${world.network.name} ${world.network.subnet}`;
        const at = fromLeft ? left + 4 : barFrom(hooks) + 2;
        const x = Math.max(0, Math.min(at, width - textWidth(text, "codeSmall")));
        marks.push(...label(text, "codeSmall", x, bar - 10, width - x, { tone: "mute" }));
      }
    }
    y += height;
    bottoms.push(y);
    const ends = lanes.filter(({ a, b }) => [a, b].some((port) => rowOf(port, rows) === index));
    y += ends.length * LANE + (ends.length > 0 ? 14 : 0) + GAP;
  });
  marks.push(...drawLanes(lanes, plugs, bottoms, width));
  const [first, last] = [bars[0], bars.at(-1)];
  if (options.open !== true && first !== undefined && last !== undefined && last > first) {
    marks.push({
      kind: "line",
      points: [
        [4, first],
        [4, last],
      ],
      stroke: "strong",
      thick: 5,
    });
  }
  return { width, height: y - GAP, marks, hooks: [], bars, plugs: [] };
}

function rowOf(port: Port, rows: readonly (readonly Placed[])[]): number {
  return rows.findIndex((row) => row.some(({ unit }) => unit.names.includes(port.place)));
}

function crossing(rows: readonly (readonly Placed[])[], lanes: readonly Pair[]): number {
  return lanes.filter(({ a, b }) => rowOf(a, rows) !== rowOf(b, rows)).length;
}

/** Draws cords below their rows, each in its own lane. Between rows, they run down on the right. */
function drawLanes(
  lanes: readonly Pair[],
  plugs: ReadonlyMap<string, Plug & { readonly row: number }>,
  bottoms: readonly number[],
  width: number,
): readonly Mark[] {
  const marks: Mark[] = [];
  const laneCount: number[] = [];
  let column = 0;
  const laneAt = (row: number) => {
    const lane = laneCount[row] ?? 0;
    laneCount[row] = lane + 1;
    return (bottoms[row] ?? 0) + 24 + lane * LANE;
  };
  for (const { a, b } of lanes) {
    const [one, two] = [plugs.get(portKey(a)), plugs.get(portKey(b))];
    if (one === undefined || two === undefined) continue;
    const dashed = !(a.link.up && b.link.up);
    const line = (points: readonly (readonly [number, number])[]) =>
      marks.push({ kind: "line", points, stroke: "cord", thick: 2.5, dashed });
    const y = laneAt(one.row);
    if (one.row === two.row) {
      line([
        [one.x, one.y],
        [one.x, y],
        [two.x, y],
        [two.x, two.y],
      ]);
    } else {
      const to = laneAt(two.row);
      const x = width - 5 - column * LANE;
      column += 1;
      line([
        [one.x, one.y],
        [one.x, y],
        [x, y],
        [x, to],
        [two.x, to],
        [two.x, two.y],
      ]);
    }
    for (const plug of [one, two]) marks.push({ kind: "dot", x: plug.x, y: plug.y, radius: 4, fill: "cord" });
  }
  return marks;
}

/** Returns the number of rows with a place connected to the network. */
function hanging(rows: readonly (readonly Placed[])[], spots: readonly Spot[]): number {
  const hung = new Set(
    spots.filter((spot) => spot.ports.some((port) => port.uplink)).map((spot) => spot.place.name),
  );
  return rows.filter((row) => row.some(({ unit }) => unit.names.some((name) => hung.has(name)))).length;
}

const barFrom = (hooks: readonly Hook[]) => Math.max(4, Math.min(...hooks.map((hook) => hook.x)) - 24);

function network(hooks: readonly Hook[], bar: number, fromLeft: boolean, width: number): readonly Mark[] {
  const from = fromLeft ? 4 : barFrom(hooks);
  const end = Math.min(width - 4, Math.max(...hooks.map((hook) => hook.x)) + 24);
  return [
    {
      kind: "line",
      points: [
        [from, bar],
        [end, bar],
      ],
      stroke: "strong",
      thick: 5,
    },
    ...hooks.flatMap((hook) => drop(hook, bar)),
  ];
}

function drop(hook: Hook, bar: number): readonly Mark[] {
  const { peer } = hook.port;
  const wire: Mark = {
    kind: "line",
    points: [
      [hook.x, bar],
      [hook.x, hook.y],
    ],
    stroke: "strong",
    thick: 2,
  };
  if (peer === undefined) return [wire];
  const text = `${linkName(peer.link)} in ${peer.place}`;
  return [wire, ...label(text, "codeSmall", hook.x + 7, hook.y - 8, 120, { tone: "mute" })];
}
