import { textWidth } from "../sketch/font-metrics";
import type { Mark } from "../sketch/scene";
import {
  addressesOf,
  type Block,
  CHIP_HEIGHT,
  chip,
  LEAF_MIN,
  label,
  linkName,
  type Plug,
  shift,
} from "./block";
import { cord } from "./cord";
import type { Port, Spot } from "./graph";
import { type DrawnAs, leaf, leafWidth } from "./leaf";

const CORD = 68;
export const BAR = 24;
export const SIDE = 5;
export const GUTTER = 12;
/** Padding of a frame in pixels. */
export const FRAME_PAD = 12;

/** A child place, and the near end of its cord. */
interface Hung {
  readonly child: Spot;
  readonly near?: Port;
}

export interface Group {
  readonly bridge?: Port;
  readonly hung: readonly Hung[];
  /** Bridge ports that don't lead to a child: a tap, a tunnel, a veth to another place. */
  readonly stubs: readonly Port[];
}

/** Groups the children: by the bridge they are connected to, then those with other cords, then those without. */
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

/** Draws one bridge as a bar with everything connected to it. Continues on another bar if the children don't fit. */
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
