import type { World } from "../../inspect/world";
import { textWidth } from "../sketch/font-metrics";
import type { Mark } from "../sketch/scene";
import { type Block, type LinkPoint, label, linkName, networkLine, shift, trunk } from "./block";
import type { Graph, Port, Vertex } from "./graph";
import { GAP, type Placed, pack } from "./placed";
import { type Pair, portKey, unitsOf } from "./unit";

const NETWORK = 46;
const LANE = 16;
/** Space on the left for the network's trunk, which runs down to the other rows, in pixels. */
export const TRUNK = 18;

export interface RowsOptions {
  readonly width: number;
  /** The caller draws the network: each bar starts at the left edge, without a trunk. */
  readonly open?: boolean;
}

/** Draws places in rows, connected to the lab's network above. Veth pairs between them run in lanes below. */
export function rowsBlock(
  vertices: readonly Vertex[],
  graph: Graph,
  world: World,
  options: RowsOptions,
): Block {
  const { width } = options;
  const names = new Set(vertices.map((vertex) => vertex.place.name));
  const cross = graph.pairs.filter(
    ({ a, b }) => names.has(a.place) && names.has(b.place) && a.place !== b.place && !a.uplink && !b.uplink,
  );
  const { units, lanes } = unitsOf(vertices, cross);
  const hasUplinks =
    world.network !== undefined && vertices.some((vertex) => vertex.ports.some((port) => port.uplink));
  const trunkWidth = options.open === true ? 0 : TRUNK;
  const once = pack(units, width);
  const left = rowsWithUplinks(once, vertices) > 1 && hasUplinks ? trunkWidth : 0;
  const side = once.length > 1 ? crossing(once, lanes) * LANE : 0;
  const rows = left + side > 0 ? pack(units, width - left - side) : once;
  const marks: Mark[] = [];
  const bars: number[] = [];
  const vethPoints = new Map<string, LinkPoint & { readonly row: number }>();
  const bottoms: number[] = [];
  let y = 0;
  rows.forEach((row, index) => {
    const blocks = row.map(({ unit, width: own }) => unit.draw(own));
    const named = bars.length === 0 && world.network !== undefined && world.network.name !== "";
    if (blocks.some((block) => block.uplinkPoints.length > 0)) {
      if (named) y += 20;
      bars.push(y + 2);
      y += NETWORK;
    }
    let x = left;
    let height = 0;
    const uplinkPoints: LinkPoint[] = [];
    for (const block of blocks) {
      const placed = shift(block, x, y);
      marks.push(...placed.marks);
      uplinkPoints.push(...placed.uplinkPoints);
      for (const point of placed.vethPoints) vethPoints.set(portKey(point.port), { ...point, row: index });
      x += block.width + GAP;
      height = Math.max(height, block.height);
    }
    const bar = bars.at(-1);
    if (uplinkPoints.length > 0 && bar !== undefined) {
      const fromLeft = left > 0 || options.open === true;
      marks.push(...network(uplinkPoints, bar, fromLeft, width));
      if (named && world.network !== undefined) {
        const text = `${world.network.name} ${world.network.subnet}`;
        const at = fromLeft ? left + 4 : barFrom(uplinkPoints) + 2;
        const x = Math.max(0, Math.min(at, width - textWidth(text, "codeSmall")));
        marks.push(...label(text, "codeSmall", x, bar - 10, width - x, { tone: "mute" }));
      }
    }
    y += height;
    bottoms.push(y);
    const ends = lanes.filter(({ a, b }) => [a, b].some((port) => rowOf(port, rows) === index));
    y += ends.length * LANE + (ends.length > 0 ? 14 : 0) + GAP;
  });
  marks.push(...drawLanes(lanes, vethPoints, bottoms, width));
  if (options.open !== true) marks.push(...trunk(bars));
  return { width, height: y - GAP, marks, uplinkPoints: [], bars, vethPoints: [] };
}

function rowOf(port: Port, rows: readonly (readonly Placed[])[]): number {
  return rows.findIndex((row) => row.some(({ unit }) => unit.names.includes(port.place)));
}

function crossing(rows: readonly (readonly Placed[])[], lanes: readonly Pair[]): number {
  return lanes.filter(({ a, b }) => rowOf(a, rows) !== rowOf(b, rows)).length;
}

/** Draws veth pairs below their rows, each in its own lane. Between rows, they run down on the right. */
function drawLanes(
  lanes: readonly Pair[],
  vethPoints: ReadonlyMap<string, LinkPoint & { readonly row: number }>,
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
    const [one, two] = [vethPoints.get(portKey(a)), vethPoints.get(portKey(b))];
    if (one === undefined || two === undefined) continue;
    const dashed = !(a.link.up && b.link.up);
    const line = (points: readonly (readonly [number, number])[]) =>
      marks.push({ kind: "line", points, stroke: "veth", thick: 2.5, dashed });
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
    for (const point of [one, two])
      marks.push({ kind: "dot", x: point.x, y: point.y, radius: 4, fill: "veth" });
  }
  return marks;
}

/** Returns the number of rows with a place connected to the network. */
function rowsWithUplinks(rows: readonly (readonly Placed[])[], vertices: readonly Vertex[]): number {
  const attached = new Set(
    vertices.filter((vertex) => vertex.ports.some((port) => port.uplink)).map((vertex) => vertex.place.name),
  );
  return rows.filter((row) => row.some(({ unit }) => unit.names.some((name) => attached.has(name)))).length;
}

const barFrom = (uplinkPoints: readonly LinkPoint[]) =>
  Math.max(4, Math.min(...uplinkPoints.map((point) => point.x)) - 24);

function network(
  uplinkPoints: readonly LinkPoint[],
  bar: number,
  fromLeft: boolean,
  width: number,
): readonly Mark[] {
  const from = fromLeft ? 4 : barFrom(uplinkPoints);
  const end = Math.min(width - 4, Math.max(...uplinkPoints.map((point) => point.x)) + 24);
  return [networkLine([from, bar], [end, bar]), ...uplinkPoints.flatMap((point) => drop(point, bar))];
}

function drop(point: LinkPoint, bar: number): readonly Mark[] {
  const { peer } = point.port;
  const wire: Mark = {
    kind: "line",
    points: [
      [point.x, bar],
      [point.x, point.y],
    ],
    stroke: "strong",
    thick: 2,
  };
  if (peer === undefined) return [wire];
  const text = `${linkName(peer.link)} in ${peer.place}`;
  return [wire, ...label(text, "codeSmall", point.x + 7, point.y - 8, 120, { tone: "mute" })];
}
