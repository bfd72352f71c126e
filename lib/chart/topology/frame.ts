import type { Mark } from "../sketch/scene";
import {
  type Block,
  bottomLinks,
  CHIP_HEIGHT,
  chip,
  chipWidth,
  kindText,
  type LinkPoint,
  label,
  shift,
} from "./block";
import type { Port, Vertex } from "./graph";
import { BAR, columnWidth, FRAME_PAD, type Group, GUTTER, groupBlock, groupsOf, SIDE } from "./group";
import { type DrawnAs, headLines } from "./leaf";

/** Returns how a link is already drawn: as a veth pair, on a bar, or as a chip. */
function isDrawn(vertex: Vertex, groups: readonly Group[], vethPoints: ReadonlySet<string>): DrawnAs {
  const veths = new Set(
    groups.flatMap((group) => [
      ...group.attached.flatMap(({ near }) => (near ? [near] : [])),
      ...group.stubs,
    ]),
  );
  return (port) => {
    if (port.uplink || vethPoints.has(`${vertex.place.name} ${port.link.ifindex}`)) return "chip";
    return veths.has(port) ? "veth" : undefined;
  };
}

/** Returns the width of a frame whose widest group has this many columns. */
export function frameWidth(
  vertex: Vertex,
  columns: number,
  vethPoints: ReadonlySet<string>,
  children: readonly Vertex[] = vertex.children,
): number {
  return (
    2 * FRAME_PAD + 2 * SIDE + columns * columnWidth(vertex, vethPoints, children) + (columns - 1) * GUTTER
  );
}

/** Draws a namespace that contains others: a frame, its bridges as bars, and the connected places below. */
export function frame(
  vertex: Vertex,
  width: number,
  vethPoints: ReadonlySet<string>,
  bottom: readonly Port[] = [],
  attached?: readonly Vertex[],
): Block {
  const groups = groupsOf(vertex, attached);
  const room = width - 2 * FRAME_PAD;
  const marks: Mark[] = [];
  const uplinkPoints: LinkPoint[] = [];
  const found: LinkPoint[] = [];
  const uplinks = vertex.ports.filter((port) => port.uplink);
  let x = FRAME_PAD;
  let y = 0;
  for (const [i, port] of uplinks.entries()) {
    const chipRoom = Math.min(chipWidth(port), room);
    if (i > 0 && x + chipRoom > width - FRAME_PAD) {
      x = FRAME_PAD;
      y += CHIP_HEIGHT + 6;
    }
    marks.push(...chip(port, x, y, chipRoom));
    if (i === 0) uplinkPoints.push({ port, x: x + 16, y: -CHIP_HEIGHT / 2 });
    x += chipRoom + 10;
  }
  y += uplinks.length > 0 ? CHIP_HEIGHT / 2 + 18 : 22;
  marks.push(...label(vertex.place.name, "head", FRAME_PAD, y, room));
  y += 16;
  marks.push(...label(kindText(vertex.place), "small", FRAME_PAD, y, room, { tone: "mute" }));
  for (const line of headLines(vertex, isDrawn(vertex, groups, vethPoints))) {
    y += 15;
    marks.push(...label(line.text, line.role, FRAME_PAD, y, room, { tone: line.tone }));
  }
  y += 14;
  let barEnd = y;
  for (const group of groups) {
    const block = groupBlock(vertex, group, room, vethPoints, attached);
    const placed = shift(block, FRAME_PAD, y);
    barEnd = y + (block.bars[0] ?? 0) + BAR;
    marks.push(...placed.marks);
    found.push(...placed.vethPoints);
    y += block.height + 14;
  }
  const lower = bottomLinks(bottom, width, y - 6);
  marks.push(...lower.marks);
  found.push(...lower.vethPoints);
  y += bottom.length > 0 ? lower.height - 6 : 0;
  const border: Mark = {
    kind: "box",
    x: 0,
    y: 0,
    width,
    height: attached === undefined ? y : barEnd + 22,
    stroke: "edge",
    thick: 1.5,
    radius: 10,
    dashed: vertex.place.snapshot === undefined,
  };
  return { width, height: y, marks: [border, ...marks], uplinkPoints, bars: [], vethPoints: found };
}
