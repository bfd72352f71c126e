import type { WorldContainer } from "../../inspect/world";
import { type Role, textWidth } from "../sketch/font-metrics";
import type { Mark } from "../sketch/scene";
import {
  addressesOf,
  type Block,
  bottomLinks,
  CHIP_HEIGHT,
  chip,
  chipWidth,
  kindText,
  LEAF_MAX,
  LEAF_MIN,
  type LinkPoint,
  label,
  linkName,
  PAD,
  shortName,
} from "./block";
import type { Port, Vertex } from "./graph";

interface Line {
  readonly text: string;
  readonly role: Role;
  readonly tone: "ink" | "mute";
}

/** How a link is already drawn: as the end of a veth line with its name, as a chip with name and first address, or not at all. */
export type DrawnAs = (port: Port) => "veth" | "chip" | undefined;

/** Returns the lines in the head of a place: the links and addresses that neither a veth line nor a chip shows. */
export function headLines(vertex: Vertex, drawnAs: DrawnAs): readonly Line[] {
  const lines: Line[] = [];
  const several = vertex.ports.length > 1;
  for (const port of vertex.ports) {
    const addresses = addressesOf(port.link);
    const drawn = drawnAs(port);
    if (drawn !== undefined) {
      const of = several ? `${port.link.name} ` : "";
      for (const address of drawn === "chip" ? addresses.slice(1) : addresses) {
        lines.push({ text: `${of}${address}`, role: "codeSmall", tone: "ink" });
      }
      continue;
    }
    const state = port.link.up ? "" : " down";
    const { kind: what } = port.link;
    const kind = ["ether", "veth"].includes(what) ? "" : what === "tap" ? " tap to a program" : ` ${what}`;
    const peer = port.peer === undefined ? "" : ` ⇅ ${port.peer.place} ${linkName(port.peer.link)}`;
    lines.push({ text: `${linkName(port.link)}${kind}${state}${peer}`, role: "codeSmall", tone: "mute" });
    for (const address of addresses) lines.push({ text: `  ${address}`, role: "codeSmall", tone: "ink" });
  }
  return lines;
}

const CONTAINER_LINE = 15;

function containerHeight(container: WorldContainer): number {
  return container.role === "pause" || container.detail === undefined ? 24 : 36;
}

function containerWidth(container: WorldContainer): number {
  const detail = container.role === "pause" ? "holds the netns" : (container.detail ?? "");
  if (container.role === "pause")
    return textWidth(container.name, "codeSmall") + 10 + textWidth(detail, "small") + 14;
  return Math.max(textWidth(container.name, "codeSmallBold"), textWidth(detail, "codeSmall")) + 14;
}

/** Draws pause and app containers as boxes in the frame of their shared namespace. */
function containerBoxes(containers: readonly WorldContainer[], x: number, y: number, width: number): Block {
  const marks: Mark[] = [];
  let top = y;
  for (const container of containers) {
    const height = containerHeight(container);
    const pause = container.role === "pause";
    const stopped = container.running === false;
    marks.push({
      kind: "box",
      x,
      y: top,
      width,
      height,
      fill: "ground",
      stroke: pause ? "edge" : "ink",
      radius: 4,
      dashed: stopped,
      over: true,
    });
    const room = width - 14;
    const name = stopped ? `${container.name} (stopped)` : container.name;
    if (pause) {
      const nameRoom = Math.min(textWidth(name, "codeSmall"), room);
      marks.push(...label(name, "codeSmall", x + 7, top + 16, nameRoom));
      const left = room - nameRoom - 10;
      if (textWidth("holds the netns", "small") <= left) {
        marks.push(
          ...label("holds the netns", "small", x + width - 7, top + 16, left, {
            tone: "mute",
            align: "right",
          }),
        );
      }
    } else {
      marks.push(...label(name, "codeSmallBold", x + 7, top + 16, room));
      if (container.detail !== undefined) {
        marks.push(
          ...label(container.detail, "codeSmall", x + 7, top + 16 + CONTAINER_LINE - 1, room, {
            tone: "mute",
          }),
        );
      }
    }
    top += height + 6;
  }
  return { width, height: top - y, marks, uplinkPoints: [], bars: [], vethPoints: [] };
}

/** Returns the preferred width of a leaf. */
export function leafWidth(vertex: Vertex, drawn: DrawnAs): number {
  const { place } = vertex;
  const lines = headLines(vertex, drawn);
  const [only] = lines;
  const beside =
    lines.length === 1 && only !== undefined
      ? textWidth(shortName(place), "head") + 12 + textWidth(only.text.trim(), "codeSmall")
      : 0;
  const inner = Math.max(
    textWidth(shortName(place), "head"),
    textWidth(kindText(place), "small"),
    ...lines.map((line) => textWidth(line.text, line.role)),
    beside <= 170 ? beside : 0,
    ...vertex.ports.filter((port) => port.uplink).map((port) => chipWidth(port) + 8),
    ...(place.containers ?? []).map(containerWidth),
  );
  return Math.min(LEAF_MAX, Math.max(LEAF_MIN, Math.ceil(inner + 2 * PAD)));
}

/**
 * Draws a namespace without children: a rounded box with its name, addresses and containers. Links to the lab's network
 * are on its upper border.
 */
export function leaf(vertex: Vertex, width: number, drawn: DrawnAs, bottom: readonly Port[] = []): Block {
  const { place } = vertex;
  const uplinks = vertex.ports.filter((port) => port.uplink);
  const room = width - 2 * PAD;
  const marks: Mark[] = [];
  const uplinkPoints: LinkPoint[] = [];
  let y = 0;
  uplinks.forEach((port, i) => {
    const at = i * (CHIP_HEIGHT + 6);
    marks.push(...chip(port, PAD, at, width - 2 * PAD));
    if (i === 0) uplinkPoints.push({ port, x: PAD + 16, y: at - CHIP_HEIGHT / 2 });
    y = at + CHIP_HEIGHT / 2 + 2;
  });
  y += 18;
  const nameRoom = room;
  const lines = headLines(vertex, drawn);
  const [only] = lines;
  const beside =
    lines.length === 1 &&
    only !== undefined &&
    textWidth(shortName(place), "head") + 12 + textWidth(only.text.trim(), "codeSmall") <= room;
  marks.push(...label(shortName(place), "head", PAD, y, nameRoom));
  if (beside && only !== undefined) {
    marks.push(...label(only.text.trim(), "codeSmall", width - PAD, y, room, { align: "right" }));
  }
  if (place.kind !== "pod" && place.kind !== "container") {
    y += 15;
    marks.push(...label(kindText(place), "small", PAD, y, room, { tone: "mute" }));
  } else if (place.detail !== undefined) {
    y += 15;
    marks.push(...label(place.detail, "small", PAD, y, room, { tone: "mute" }));
  }
  if (!beside) {
    for (const line of lines) {
      y += 15;
      marks.push(...label(line.text, line.role, PAD, y, room, { tone: line.tone }));
    }
  }
  y += 10;
  const containers = place.containers ?? [];
  if (containers.length > 0) {
    const boxes = containerBoxes(containers, PAD, y, room);
    marks.push(...boxes.marks);
    y += boxes.height + 4;
  }
  const links = bottomLinks(bottom, width, y);
  marks.push(...links.marks);
  y += links.height;
  const frame: Mark = {
    kind: "box",
    x: 0,
    y: 0,
    width,
    height: y,
    fill: "card",
    stroke: "edge",
    thick: 1.5,
    radius: 8,
    dashed: place.snapshot === undefined,
  };
  return {
    width,
    height: y,
    marks: [frame, ...marks],
    uplinkPoints,
    bars: [],
    vethPoints: links.vethPoints,
  };
}
