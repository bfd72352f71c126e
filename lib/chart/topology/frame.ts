import type { Mark } from "../sketch/scene";
import {
  type Block,
  bottomPlugs,
  CHIP_HEIGHT,
  chip,
  chipWidth,
  type Hook,
  kindText,
  label,
  type Plug,
  shift,
} from "./block";
import type { Port, Spot } from "./graph";
import { BAR, columnWidth, FRAME_PAD, type Group, GUTTER, groupBlock, groupsOf, SIDE } from "./group";
import { type DrawnAs, headLines } from "./leaf";

/** Returns how a link is already drawn: as a cord, bar, stub or plug. */
function isDrawn(spot: Spot, groups: readonly Group[], plugs: ReadonlySet<string>): DrawnAs {
  const cords = new Set(
    groups.flatMap((group) => [...group.hung.flatMap(({ near }) => (near ? [near] : [])), ...group.stubs]),
  );
  return (port) => {
    if (port.uplink || plugs.has(`${spot.place.name} ${port.link.ifindex}`)) return "plug";
    return cords.has(port) ? "cord" : undefined;
  };
}

/** Returns the width of a frame whose widest group has this many columns. */
export function frameWidth(
  spot: Spot,
  columns: number,
  plugs: ReadonlySet<string>,
  children: readonly Spot[] = spot.children,
): number {
  return 2 * FRAME_PAD + 2 * SIDE + columns * columnWidth(spot, plugs, children) + (columns - 1) * GUTTER;
}

/** Draws a namespace that contains others: a frame, its bridges as bars, and the connected places below. */
export function frame(
  spot: Spot,
  width: number,
  plugs: ReadonlySet<string>,
  bottom: readonly Port[] = [],
  attached?: readonly Spot[],
): Block {
  const groups = groupsOf(spot, attached);
  const room = width - 2 * FRAME_PAD;
  const marks: Mark[] = [];
  const hooks: Hook[] = [];
  const found: Plug[] = [];
  const uplinks = spot.ports.filter((port) => port.uplink);
  let x = FRAME_PAD;
  let y = 0;
  for (const [i, port] of uplinks.entries()) {
    const chipRoom = Math.min(chipWidth(port), room);
    if (i > 0 && x + chipRoom > width - FRAME_PAD) {
      x = FRAME_PAD;
      y += CHIP_HEIGHT + 6;
    }
    marks.push(...chip(port, x, y, chipRoom));
    if (i === 0) hooks.push({ port, x: x + 16, y: -CHIP_HEIGHT / 2 });
    x += chipRoom + 10;
  }
  y += uplinks.length > 0 ? CHIP_HEIGHT / 2 + 18 : 22;
  marks.push(...label(spot.place.name, "head", FRAME_PAD, y, room));
  y += 16;
  marks.push(...label(kindText(spot.place), "small", FRAME_PAD, y, room, { tone: "mute" }));
  for (const line of headLines(spot, isDrawn(spot, groups, plugs))) {
    y += 15;
    marks.push(...label(line.text, line.role, FRAME_PAD, y, room, { tone: line.tone }));
  }
  y += 14;
  let barEnd = y;
  for (const group of groups) {
    const block = groupBlock(spot, group, room, plugs, attached);
    const placed = shift(block, FRAME_PAD, y);
    barEnd = y + (block.bars[0] ?? 0) + BAR;
    marks.push(...placed.marks);
    found.push(...placed.plugs);
    y += block.height + 14;
  }
  const lower = bottomPlugs(bottom, width, y - 6);
  marks.push(...lower.marks);
  found.push(...lower.plugs);
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
    dashed: spot.place.snapshot === undefined,
  };
  return { width, height: y, marks: [border, ...marks], hooks, bars: [], plugs: found };
}
