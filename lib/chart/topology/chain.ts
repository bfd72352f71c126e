import type { Mark } from "../sketch/scene";
import { WIDTH } from "../sketch/shapes";
import { type Block, type LinkPoint, label, linkName, shift } from "./block";
import type { Graph, Port, Vertex } from "./graph";
import { type DrawnAs, leaf, leafWidth } from "./leaf";
import type { Unit } from "./placed";

type Pair = Graph["pairs"][number];

/** Namespaces that are connected one after another by veth pairs, without branches or cycles. */
export interface Chain {
  readonly vertices: readonly Vertex[];
  readonly pairs: readonly Pair[];
}

const VETH_LENGTH = 150;

/** Returns the chain that contains a place, if it has at least two places and fits into one row. */
export function chainOf(
  start: Vertex,
  vertices: readonly Vertex[],
  pairs: readonly Pair[],
): Chain | undefined {
  const known = new Map(vertices.map((vertex) => [vertex.place.name, vertex]));
  const at = (name: string) => pairs.filter(({ a, b }) => a.place === name || b.place === name);
  const far = (pair: Pair, name: string) => (pair.a.place === name ? pair.b.place : pair.a.place);
  const walk = (
    name: string,
    from: Pair | undefined,
  ): readonly { name: string; pair: Pair }[] | undefined => {
    const out: { name: string; pair: Pair }[] = [];
    let here = name;
    let came = from;
    for (;;) {
      const next = at(here).filter((pair) => pair !== came);
      const [pair] = next;
      if (pair === undefined) return out;
      if (next.length > 1) return undefined;
      here = far(pair, here);
      if (here === start.place.name || !known.has(here)) return undefined;
      out.push({ name: here, pair });
      came = pair;
    }
  };
  const mine = at(start.place.name);
  const [one, two] = mine;
  if (one === undefined || mine.length > 2) return undefined;
  const side = (pair: Pair | undefined) => {
    if (pair === undefined) return [];
    const name = far(pair, start.place.name);
    if (!known.has(name) || name === start.place.name) return undefined;
    const rest = walk(name, pair);
    return rest === undefined ? undefined : [{ name, pair }, ...rest];
  };
  const [forth, back] = [side(one), side(two)];
  if (forth === undefined || back === undefined) return undefined;
  const order = [
    ...[...back].reverse().map((step) => step.name),
    start.place.name,
    ...forth.map((step) => step.name),
  ];
  const found = order.flatMap((name) => known.get(name) ?? []);
  if (new Set(order).size !== order.length || found.length !== order.length) return undefined;
  const chain: Chain = {
    vertices: found,
    pairs: [...[...back].reverse().map((step) => step.pair), ...forth.map((step) => step.pair)],
  };
  return chainWidth(chain) <= WIDTH ? chain : undefined;
}

const drawnInChain =
  (chain: Chain): DrawnAs =>
  (port) => {
    if (port.uplink) return "chip";
    return chain.pairs.some(({ a, b }) => samePort(a, port) || samePort(b, port)) ? "veth" : undefined;
  };

function samePort(a: Port, b: Port): boolean {
  return a.place === b.place && a.link.ifindex === b.link.ifindex;
}

function chainWidth(chain: Chain): number {
  const drawn = drawnInChain(chain);
  return (
    chain.vertices.reduce((sum, vertex) => sum + leafWidth(vertex, drawn), 0) +
    VETH_LENGTH * chain.pairs.length
  );
}

/** Returns the boxes of these namespaces next to each other, with a straight line for each veth pair, to be placed together. */
export function chainUnit(chain: Chain): Unit {
  const drawn = drawnInChain(chain);
  return {
    preferredWidth: chainWidth(chain),
    grows: false,
    draw: (width) => {
      const marks: Mark[] = [];
      const uplinkPoints: LinkPoint[] = [];
      const blocks: Block[] = [];
      const leaves = chain.vertices.map((vertex) => leafWidth(vertex, drawn));
      const taken = leaves.reduce((sum, wide) => sum + wide, 0);
      // The lines get shorter if lines of other links need a part of the width.
      const length = Math.min(VETH_LENGTH, (width - taken) / chain.pairs.length);
      let x = 0;
      let height = 0;
      for (const vertex of chain.vertices) {
        const block = shift(leaf(vertex, leafWidth(vertex, drawn), drawn), x, 0);
        blocks.push(block);
        marks.push(...block.marks);
        uplinkPoints.push(...block.uplinkPoints);
        height = Math.max(height, block.height);
        x += block.width + length;
      }
      let left = 0;
      chain.pairs.forEach((pair, i) => {
        const [from, to] = [chain.vertices[i], chain.vertices[i + 1]];
        const block = blocks[i];
        if (from === undefined || to === undefined || block === undefined) return;
        const start = left + block.width;
        const near = pair.a.place === from.place.name ? pair.a : pair.b;
        const other = near === pair.a ? pair.b : pair.a;
        marks.push(...sideVethLine(near, other, start, start + length, 34));
        left = start + length;
      });
      return {
        width: x - length,
        height: Math.max(height, 72),
        marks,
        uplinkPoints,
        bars: [],
        vethPoints: [],
      };
    },
  };
}

/** Draws a veth pair between two boxes, with the name of the near end above and of the far end below. */
function sideVethLine(near: Port, far: Port, left: number, right: number, y: number): readonly Mark[] {
  const up = near.link.up && far.link.up;
  const room = right - left - 16;
  return [
    {
      kind: "line",
      points: [
        [left, y],
        [right, y],
      ],
      stroke: "veth",
      thick: 2.5,
      dashed: !up,
    },
    { kind: "dot", x: left, y, radius: 4, fill: "veth" },
    { kind: "dot", x: right, y, radius: 4, fill: "veth" },
    ...label(linkName(near.link), "codeSmall", left + 8, y - 8, room, { tone: "mute" }),
    ...label(linkName(far.link), "codeSmall", right - 8, y + 18, room, { tone: "mute", align: "right" }),
    ...(up ? [] : label("✕ down", "small", left + 8, y + 32, 46)),
  ];
}
