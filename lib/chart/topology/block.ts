import type { Link } from "../../inspect/snapshot";
import type { WorldPlace } from "../../inspect/world";
import { elide, type Role, textWidth } from "../sketch/font-metrics";
import type { Mark } from "../sketch/scene";
import { moved } from "../sketch/shapes";
import type { Port } from "./graph";

/** A part of the picture after layout. Positions are relative to its upper left corner. */
export interface Block {
  readonly width: number;
  readonly height: number;
  readonly marks: readonly Mark[];
  /** Where lines to the lab's network begin. */
  readonly uplinkPoints: readonly LinkPoint[];
  /** Vertical positions of the bars (bridges, networks) inside. */
  readonly bars: readonly number[];
  /** Where the lines of veth pairs to other blocks begin. */
  readonly vethPoints: readonly LinkPoint[];
}

/** The position of a link in a block. */
export interface LinkPoint {
  readonly port: Port;
  readonly x: number;
  readonly y: number;
}

export function shift(block: Block, dx: number, dy: number): Block {
  return {
    ...block,
    marks: moved(block.marks, dx, dy),
    uplinkPoints: block.uplinkPoints.map((point) => ({ ...point, x: point.x + dx, y: point.y + dy })),
    bars: block.bars.map((y) => y + dy),
    vethPoints: block.vethPoints.map((point) => ({ ...point, x: point.x + dx, y: point.y + dy })),
  };
}

export const PAD = 11;
export const LEAF_MIN = 152;
export const LEAF_MAX = 264;

/** `eth0 (2)` */
export function linkName(link: Link): string {
  return `${link.name} (${link.ifindex})`;
}

/** Returns all addresses except the automatic IPv6 link-local ones. */
export function addressesOf(link: Link): readonly string[] {
  return link.addresses
    .filter((one) => !(one.family === "ipv6" && one.scope === "link"))
    .map((one) => `${one.address}/${one.prefixLength}`);
}

/** Returns the name of a place without the name of its parent. */
export function shortName(place: WorldPlace): string {
  const start = `${place.parent ?? ""}/`;
  return start.length > 1 && place.name.startsWith(start) ? place.name.slice(start.length) : place.name;
}

export function kindText(place: WorldPlace): string {
  const kind: Record<WorldPlace["kind"], string> = {
    host: "the engine's host",
    "docker-host": "Docker host",
    node: "node",
    pod: "pod",
    container: "container",
    netns: "network namespace",
    outside: "the outside",
    engine: "container engine",
  };
  const facts = [kind[place.kind], ...(place.detail === undefined ? [] : [place.detail])];
  return facts.join(" · ");
}

/** Draws text, truncated to `room` pixels. A tooltip shows the full text. */
export function label(
  text: string,
  role: Role,
  x: number,
  y: number,
  room: number,
  more: { tone?: "ink" | "mute"; align?: "left" | "right" } = {},
): readonly Mark[] {
  const short = elide(text, role, room);
  const mark: Mark = {
    kind: "text",
    x,
    y,
    text: short,
    role,
    tone: more.tone ?? "ink",
    align: more.align ?? "left",
  };
  if (short === text) return [mark];
  const left = more.align === "right" ? x - room : x;
  return [mark, { kind: "hit", x: left, y: y - 12, width: room, height: 16, tip: text }];
}

function chipText(port: Port): string {
  const [address] = addressesOf(port.link);
  return address === undefined ? linkName(port.link) : `${linkName(port.link)} ${address}`;
}

export function chipWidth(port: Port): number {
  return textWidth(chipText(port), "codeSmall") + 16;
}

export const CHIP_HEIGHT = 20;

/** Draws a link on the border of a frame: its name and address. */
export function chip(port: Port, x: number, y: number, room: number): readonly Mark[] {
  const width = Math.min(chipWidth(port), room);
  const marks: Mark[] = [
    {
      kind: "box",
      x,
      y: y - CHIP_HEIGHT / 2,
      width,
      height: CHIP_HEIGHT,
      fill: "ground",
      stroke: "ink",
      thick: 1.5,
      radius: 4,
      over: true,
      dashed: !port.link.up,
    },
    ...label(chipText(port), "codeSmall", x + 8, y + 4, width - 14),
  ];
  return marks;
}

/** Draws the links of veth pairs on the lower border, next to each other. `y` is the lower edge of the box without them. */
export function bottomLinks(
  ports: readonly Port[],
  width: number,
  y: number,
): { marks: readonly Mark[]; height: number; vethPoints: readonly LinkPoint[] } {
  if (ports.length === 0) return { marks: [], height: 0, vethPoints: [] };
  const room = (width - 2 * PAD - (ports.length - 1) * 8) / ports.length;
  const marks: Mark[] = [];
  const vethPoints: LinkPoint[] = [];
  let x = PAD;
  const edge = y + CHIP_HEIGHT / 2 + 4;
  for (const port of ports) {
    const wide = Math.min(chipWidth(port), room);
    marks.push(...chip(port, x, edge, wide));
    vethPoints.push({ port, x: x + wide / 2, y: edge + CHIP_HEIGHT / 2 });
    x += wide + 8;
  }
  return { marks, height: CHIP_HEIGHT / 2 + 4, vethPoints };
}

/** Returns the width of a box whose links fit next to each other on the lower border. */
export function bottomLinksWidth(ports: readonly Port[]): number {
  return ports.reduce((sum, port) => sum + chipWidth(port) + 8, 0) + 2 * PAD;
}

/** Draws a line of the lab's network: a bar above places, or the trunk that connects the bars. */
export function networkLine(from: readonly [number, number], to: readonly [number, number]): Mark {
  return { kind: "line", points: [from, to], stroke: "strong", thick: 5 };
}

/** Draws the trunk that connects the bars of several rows, on the left. Nothing for a single bar. */
export function trunk(bars: readonly number[]): readonly Mark[] {
  const [first, last] = [bars[0], bars.at(-1)];
  return first === undefined || last === undefined || last <= first
    ? []
    : [networkLine([4, first], [4, last])];
}
