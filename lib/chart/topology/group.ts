import { textWidth } from "../sketch/font-metrics";
import type { Mark } from "../sketch/scene";
import {
  addressesOf,
  type Block,
  CHIP_HEIGHT,
  chip,
  LEAF_MIN,
  type LinkPoint,
  label,
  linkName,
  shift,
} from "./block";
import type { Port, Vertex } from "./graph";
import { type DrawnAs, leaf, leafWidth } from "./leaf";
import { vethLine } from "./veth-line";

const VETH_LENGTH = 68;
export const BAR = 24;
export const SIDE = 5;
export const GUTTER = 12;
/** Padding of a frame in pixels. */
export const FRAME_PAD = 12;

/** A child place, and the near end of its veth pair. */
interface AttachedPlace {
  readonly child: Vertex;
  readonly near?: Port;
}

export interface Group {
  readonly bridge?: Port;
  readonly attached: readonly AttachedPlace[];
  /** Bridge ports that don't lead to a child: a tap, a tunnel, a veth to another place. */
  readonly stubs: readonly Port[];
}

/** Groups the children: by the bridge they are connected to, then those with other veth pairs, then those without. */
export function groupsOf(vertex: Vertex, children: readonly Vertex[] = vertex.children): readonly Group[] {
  const nearOf = (child: Vertex) => vertex.ports.find((port) => port.peer?.place === child.place.name);
  const attached = children.map((child): AttachedPlace => {
    const near = nearOf(child);
    return near === undefined ? { child } : { child, near };
  });
  const groups: Group[] = vertex.bridges.map((bridge) => ({
    bridge,
    attached: attached.filter((one) => one.near?.link.master === bridge.link.name),
    stubs: vertex.ports.filter(
      (port) =>
        port.link.master === bridge.link.name &&
        !port.uplink &&
        !children.some((child) => child.place.name === port.peer?.place),
    ),
  }));
  const bridges = new Set(vertex.bridges.map((bridge) => bridge.link.name));
  const direct = attached.filter((one) => one.near !== undefined && !bridges.has(one.near.link.master ?? ""));
  const loose = attached.filter((one) => one.near === undefined);
  if (direct.length > 0) groups.push({ attached: direct, stubs: [] });
  if (loose.length > 0) groups.push({ attached: loose, stubs: [] });
  return groups;
}

const drawnInGroup =
  (parent: Vertex, vethPoints: ReadonlySet<string>): DrawnAs =>
  (port) => {
    if (port.uplink || vethPoints.has(`${port.place} ${port.link.ifindex}`)) return "chip";
    return port.peer?.place === parent.place.name ? "veth" : undefined;
  };

export function columnWidth(
  vertex: Vertex,
  vethPoints: ReadonlySet<string>,
  children = vertex.children,
): number {
  return Math.max(
    LEAF_MIN,
    ...children.map((child) => leafWidth(child, drawnInGroup(vertex, vethPoints))),
    ...groupsOf(vertex, children).flatMap((group) =>
      group.attached.map(({ near, child }) => {
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
  vertex: Vertex,
  group: Group,
  width: number,
  vethPoints: ReadonlySet<string>,
  children: readonly Vertex[] = vertex.children,
): Block {
  const marks: Mark[] = [];
  const found: LinkPoint[] = [];
  const inner = width - 2 * SIDE;
  const column = Math.min(columnWidth(vertex, vethPoints, children), inner);
  const columns = Math.max(1, Math.floor((inner + GUTTER) / (column + GUTTER)));
  const rows: AttachedPlace[][] = [];
  for (let i = 0; i < group.attached.length; i += columns) rows.push(group.attached.slice(i, i + columns));
  const { bridge } = group;
  let y = 0;
  const turns: number[] = [];
  if (bridge !== undefined) {
    if (group.stubs.length > 0) {
      const stubs = stubChips(group.stubs, width, y, vethPoints);
      marks.push(...stubs.marks);
      found.push(...stubs.vethPoints);
      y += stubs.height;
    }
    marks.push(...bar(bridge, group.attached.length + group.stubs.length, width, y));
    turns.push(y);
    y += BAR;
  }
  const used = Math.min(columns, Math.max(1, group.attached.length));
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
    const hasVeths = row.some(({ near }) => near !== undefined);
    const chipped = bridge === undefined && hasVeths;
    if (chipped) y += CHIP_HEIGHT / 2;
    const top =
      y + (hasVeths ? (chipped ? VETH_LENGTH - 8 : VETH_LENGTH) : 0) + (chipped ? CHIP_HEIGHT / 2 : 0);
    let height = 0;
    row.forEach(({ child, near }, i) => {
      const x = left + i * (column + GUTTER);
      const block = leaf(child, column, drawnInGroup(vertex, vethPoints));
      const placed = shift(block, x, top);
      marks.push(...placed.marks);
      found.push(...placed.vethPoints);
      height = Math.max(height, block.height);
      if (near === undefined) return;
      const start = chipped ? y + CHIP_HEIGHT / 2 : y;
      if (chipped) marks.push(...chip(near, x + 4, y, column - 8));
      marks.push(...vethLine(near, x + 22, start, top, column - 34, !chipped));
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
  return { width, height: y, marks, uplinkPoints: [], bars: turns, vethPoints: found };
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
  vethPoints: ReadonlySet<string>,
): { marks: readonly Mark[]; height: number; vethPoints: readonly LinkPoint[] } {
  const marks: Mark[] = [];
  const found: LinkPoint[] = [];
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
          stroke: "veth",
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
          stroke: port.link.up ? "veth" : "edge",
          thick: 1.5,
          radius: 4,
          dashed: !port.link.up,
          over: true,
        },
        ...label(text, "codeSmall", left + 8, top + 14, wide - 14, { tone: "mute" }),
      );
      if (vethPoints.has(`${port.place} ${port.link.ifindex}`))
        found.push({ port, x: at, y: top + CHIP_HEIGHT });
    }
  });
  return { marks, height, vethPoints: found };
}
