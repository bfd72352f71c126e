import type { Mark } from "../sketch/scene";
import { textWidth } from "../sketch/type";
import {
  addressesOf,
  type Block,
  bottomPlugs,
  CHIP_HEIGHT,
  chip,
  chipWidth,
  type DrawnAs,
  type Hook,
  headLines,
  kindText,
  LEAF_MIN,
  label,
  leaf,
  leafWidth,
  linkName,
  type Plug,
  shift,
} from "./block";
import type { Port, Spot } from "./graph";

const CORD = 68;
const BAR = 24;
const SIDE = 5;
const GUTTER = 12;
/** From a frame's edge to what is inside. */
export const FRAME_PAD = 12;

/** A child, and the end of its cord on this side. */
interface Hung {
  readonly child: Spot;
  readonly near?: Port;
}

interface Group {
  readonly bridge?: Port;
  readonly hung: readonly Hung[];
  /** Ports of the bridge at which no child hangs: a tap, a tunnel, a veth to somewhere else. */
  readonly stubs: readonly Port[];
}

/** Children by the bridge they are plugged into; then those with a cord of their own; then those with none. */
export function groupsOf(spot: Spot, children: readonly Spot[] = spot.children): readonly Group[] {
  const nearOf = (child: Spot) => spot.ports.find((port) => port.peer?.place === child.place.name);
  const hung = children.map((child): Hung => {
    const near = nearOf(child);
    return near === undefined ? { child } : { child, near };
  });
  const groups: Group[] = spot.bridges.map((bridge) => ({
    bridge,
    hung: hung.filter((one) => one.near?.link.master === bridge.link.name),
    stubs: spot.ports.filter(
      (port) =>
        port.link.master === bridge.link.name &&
        !port.uplink &&
        !children.some((child) => child.place.name === port.peer?.place),
    ),
  }));
  const bridges = new Set(spot.bridges.map((bridge) => bridge.link.name));
  const direct = hung.filter((one) => one.near !== undefined && !bridges.has(one.near.link.master ?? ""));
  const loose = hung.filter((one) => one.near === undefined);
  if (direct.length > 0) groups.push({ hung: direct, stubs: [] });
  if (loose.length > 0) groups.push({ hung: loose, stubs: [] });
  return groups;
}

/** True for a link that a cord, a bar, a stub or a plug names already. */
function isDrawn(spot: Spot, groups: readonly Group[], plugs: ReadonlySet<string>): DrawnAs {
  const cords = new Set(
    groups.flatMap((group) => [...group.hung.flatMap(({ near }) => (near ? [near] : [])), ...group.stubs]),
  );
  return (port) => {
    if (port.uplink || plugs.has(`${spot.place.name} ${port.link.ifindex}`)) return "plug";
    return cords.has(port) ? "cord" : undefined;
  };
}

const cordNamed =
  (parent: Spot, plugs: ReadonlySet<string>): DrawnAs =>
  (port) => {
    if (port.uplink || plugs.has(`${port.place} ${port.link.ifindex}`)) return "plug";
    return port.peer?.place === parent.place.name ? "cord" : undefined;
  };

export function columnWidth(spot: Spot, plugs: ReadonlySet<string>, children = spot.children): number {
  return Math.max(
    LEAF_MIN,
    ...children.map((child) => leafWidth(child, cordNamed(spot, plugs))),
    ...groupsOf(spot, children).flatMap((group) =>
      group.hung.map(({ near, child }) => {
        const far = near?.peer?.link ?? child.ports[0]?.link;
        const names = [near?.link, far].flatMap((link) =>
          link === undefined ? [] : [textWidth(linkName(link), "codeSmall")],
        );
        return Math.min(Math.max(0, ...names) + 38, 240);
      }),
    ),
  );
}

/** Width of a frame whose widest group has this many columns. */
export function frameWidth(
  spot: Spot,
  columns: number,
  plugs: ReadonlySet<string>,
  children: readonly Spot[] = spot.children,
): number {
  return 2 * FRAME_PAD + 2 * SIDE + columns * columnWidth(spot, plugs, children) + (columns - 1) * GUTTER;
}

/** A namespace in which others live: a frame, its bridges as bars, and what is plugged into them beneath. */
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

/** One bar with everything that is plugged into it. More than fit side by side go on under the bar's next turn. */
export function groupBlock(
  spot: Spot,
  group: Group,
  width: number,
  plugs: ReadonlySet<string>,
  children: readonly Spot[] = spot.children,
): Block {
  const marks: Mark[] = [];
  const found: Plug[] = [];
  const inner = width - 2 * SIDE;
  const column = Math.min(columnWidth(spot, plugs, children), inner);
  const columns = Math.max(1, Math.floor((inner + GUTTER) / (column + GUTTER)));
  const rows: Hung[][] = [];
  for (let i = 0; i < group.hung.length; i += columns) rows.push(group.hung.slice(i, i + columns));
  const { bridge } = group;
  let y = 0;
  const turns: number[] = [];
  if (bridge !== undefined) {
    if (group.stubs.length > 0) {
      const stubs = stubChips(group.stubs, width, y, plugs);
      marks.push(...stubs.marks);
      found.push(...stubs.plugs);
      y += stubs.height;
    }
    marks.push(...bar(bridge, group.hung.length + group.stubs.length, width, y));
    turns.push(y);
    y += BAR;
  }
  const used = Math.min(columns, Math.max(1, group.hung.length));
  const left = SIDE + Math.max(0, (inner - used * column - (used - 1) * GUTTER) / 2);
  rows.forEach((row, index) => {
    if (bridge !== undefined && index > 0) {
      marks.push({
        kind: "box",
        x: 0,
        y,
        width,
        height: 8,
        fill: "card",
        stroke: "ink",
        thick: 1.5,
        radius: 4,
      });
      turns.push(y);
      y += 8;
    }
    const corded = row.some(({ near }) => near !== undefined);
    const chipped = bridge === undefined && corded;
    if (chipped) y += CHIP_HEIGHT / 2;
    const top = y + (corded ? (chipped ? CORD - 8 : CORD) : 0) + (chipped ? CHIP_HEIGHT / 2 : 0);
    let height = 0;
    row.forEach(({ child, near }, i) => {
      const x = left + i * (column + GUTTER);
      const block = leaf(child, column, cordNamed(spot, plugs));
      const placed = shift(block, x, top);
      marks.push(...placed.marks);
      found.push(...placed.plugs);
      height = Math.max(height, block.height);
      if (near === undefined) return;
      const start = chipped ? y + CHIP_HEIGHT / 2 : y;
      if (chipped) marks.push(...chip(near, x + 4, y, column - 8));
      marks.push(...cord(near, x + 22, start, top, column - 34, !chipped));
    });
    y = top + height + (index < rows.length - 1 ? 14 : 0);
  });
  if (turns.length > 1) {
    const end = turns.at(-1) ?? 0;
    marks.unshift({
      kind: "line",
      points: [
        [1, (turns[0] ?? 0) + BAR - 4],
        [1, end + 4],
      ],
      stroke: "strong",
      thick: 3,
    });
  }
  return { width, height: y, marks, hooks: [], bars: turns, plugs: found };
}

function bar(bridge: Port, ports: number, width: number, y: number): readonly Mark[] {
  const name = linkName(bridge.link);
  const nameWidth = Math.min(textWidth(name, "codeSmallBold"), width * 0.5);
  const addresses = addressesOf(bridge.link).join(", ");
  const state = bridge.link.up ? "bridge" : "bridge, down";
  const right = ports === 0 ? `${state}, no ports` : state;
  const rightWidth = textWidth(right, "small");
  return [
    {
      kind: "box",
      x: 0,
      y,
      width,
      height: BAR,
      fill: "card",
      stroke: "ink",
      thick: 1.5,
      radius: 4,
      dashed: !bridge.link.up,
    },
    ...label(name, "codeSmallBold", 12, y + 16, nameWidth),
    ...label(addresses, "codeSmall", 12 + nameWidth + 14, y + 16, width - nameWidth - rightWidth - 50),
    ...label(right, "small", width - 12, y + 16, rightWidth, { tone: "mute", align: "right" }),
  ];
}

/** A veth pair: a cord with both ends' names, and what went through it, seen from the far end. */
export function cord(
  near: Port,
  x: number,
  top: number,
  bottom: number,
  room: number,
  named: boolean,
): readonly Mark[] {
  const far = near.peer;
  const up = near.link.up && (far?.link.up ?? true);
  const counters = far?.link.counters;
  const traffic =
    counters === undefined
      ? "⇅ pair"
      : `⇅ ${packets(counters.rxPackets)} in, ${packets(counters.txPackets)} out`;
  const marks: Mark[] = [
    {
      kind: "line",
      points: [
        [x, top],
        [x, bottom],
      ],
      stroke: "cord",
      thick: 2.5,
      dashed: !up,
    },
    { kind: "dot", x, y: top, radius: 4, fill: "cord" },
    { kind: "dot", x, y: bottom, radius: 4, fill: "cord" },
  ];
  let y = top + 17;
  if (named) {
    marks.push(...label(linkName(near.link), "codeSmall", x + 9, y, room, { tone: "mute" }));
    y += 15;
  }
  marks.push(...label(up ? traffic : "✕ down", "small", x + 9, y, room, { tone: up ? "mute" : "ink" }));
  if (far !== undefined) {
    marks.push(...label(linkName(far.link), "codeSmall", x + 9, bottom - 8, room, { tone: "mute" }));
  }
  return marks;
}

function packets(number: number): string {
  return number < 100_000 ? `${number}` : `${Math.round(number / 1000)}k`;
}

function stubChips(
  stubs: readonly Port[],
  width: number,
  y: number,
  plugs: ReadonlySet<string>,
): { marks: readonly Mark[]; height: number; plugs: readonly Plug[] } {
  const marks: Mark[] = [];
  const found: Plug[] = [];
  const rows: { port: Port; text: string; x: number; wide: number }[][] = [[]];
  let x = 12;
  for (const port of stubs) {
    const kind = port.link.kind === "veth" ? "" : ` ${port.link.kind}`;
    const far = port.peer === undefined ? port.link.peer : undefined;
    const elsewhere = far === undefined || port.link.kind !== "veth" ? "" : ` ⇅ if ${far.ifindex}`;
    const text = `${linkName(port.link)}${kind}${elsewhere}`;
    const wide = Math.min(textWidth(text, "codeSmall") + 16, width - 24);
    if (x > 12 && x + wide > width - 12) {
      x = 12;
      rows.push([]);
    }
    rows.at(-1)?.push({ port, text, x, wide });
    x += wide + 10;
  }
  const step = CHIP_HEIGHT + 6;
  const height = rows.length * step + 4;
  rows.forEach((row, index) => {
    const top = y + index * step;
    for (const { port, text, x: left, wide } of row) {
      const at = left + 12;
      if (index === rows.length - 1) {
        marks.push({
          kind: "line",
          points: [
            [at, top + CHIP_HEIGHT],
            [at, y + height],
          ],
          stroke: "cord",
          thick: 2.5,
          dashed: !port.link.up,
        });
      }
      marks.push(
        {
          kind: "box",
          x: left,
          y: top,
          width: wide,
          height: CHIP_HEIGHT,
          fill: "ground",
          stroke: port.link.up ? "cord" : "edge",
          thick: 1.5,
          radius: 4,
          dashed: !port.link.up,
          over: true,
        },
        ...label(text, "codeSmall", left + 8, top + 14, wide - 14, { tone: "mute" }),
      );
      if (plugs.has(`${port.place} ${port.link.ifindex}`)) found.push({ port, x: at, y: top + CHIP_HEIGHT });
    }
  });
  return { marks, height, plugs: found };
}
