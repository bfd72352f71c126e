import type { World } from "../../inspect/world";
import { textWidth } from "../sketch/font-metrics";
import type { Mark } from "../sketch/scene";
import { WIDTH } from "../sketch/shapes";
import { type Block, label, networkLine, shift, trunk } from "./block";
import type { Graph } from "./graph";
import { rowsBlock, TRUNK } from "./rows";

const HEAD = 34;
const INSIDE = 14;

/** Draws engines as frames around their nodes. The lab's network runs down on the left and into each frame. */
export function enginesBlock(graph: Graph, world: World): Block {
  const marks: Mark[] = [];
  const bars: number[] = [];
  const { network } = world;
  let y = 0;
  if (network !== undefined) {
    marks.push(...label(`${network.name} ${network.subnet}`, "codeSmall", 0, 12, WIDTH, { tone: "mute" }));
    y += 24;
  }
  const engines = graph.roots.filter((vertex) => vertex.place.kind === "engine");
  const loose = graph.roots.filter((vertex) => vertex.place.kind !== "engine");
  const groups = [
    ...engines.map((vertex) => ({ vertex, inside: vertex.children })),
    ...(loose.length > 0 ? [{ vertex: undefined, inside: loose }] : []),
  ];
  const left = TRUNK + INSIDE;
  const unnamed: World =
    network === undefined ? world : { ...world, network: { name: "", subnet: network.subnet } };
  for (const { vertex, inside } of groups) {
    const width = WIDTH - left - INSIDE;
    const block = rowsBlock(inside, graph, unnamed, { width, open: true });
    const head = vertex === undefined ? 0 : HEAD;
    const placed = shift(block, left, y + head);
    bars.push(...placed.bars);
    if (vertex !== undefined) {
      const name = Math.min(260, textWidth(vertex.place.name, "head"));
      marks.push(
        {
          kind: "box",
          x: TRUNK,
          y,
          width: WIDTH - TRUNK - 1,
          height: head + block.height + INSIDE,
          stroke: "mute",
          thick: 1.5,
          radius: 12,
          dashed: true,
        },
        ...label(vertex.place.name, "head", left, y + 22, 260),
        ...label(vertex.place.detail ?? "container engine", "small", left + name + 12, y + 22, 400, {
          tone: "mute",
        }),
      );
    }
    marks.push(...placed.marks);
    y += head + block.height + INSIDE + 16;
  }
  for (const bar of bars) marks.push(networkLine([4, bar], [left + 6, bar]));
  marks.push(...trunk(bars));
  return { width: WIDTH, height: y - 16, marks, uplinkPoints: [], bars, vethPoints: [] };
}
