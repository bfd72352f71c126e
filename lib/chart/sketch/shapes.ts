import type { Packet } from "../../netfilter/model";
import { elide, type Role, textWidth } from "./font-metrics";
import type { Tone } from "./palette";
import type { Mark } from "./scene";

/** Width of every picture in pixels. Fits into a notebook without horizontal scrolling. */
export const WIDTH = 800;

/** Draws a title and a grey text after it, or below it if both don't fit into `room` pixels. */
export function heading(
  title: string,
  fact: string,
  room = WIDTH,
): { marks: readonly Mark[]; height: number } {
  const shortTitle = elide(title, "title", room);
  const behind = textWidth(shortTitle, "title") + 14;
  const first: Mark = { kind: "text", x: 0, y: 16, text: shortTitle, role: "title" };
  if (fact === "") return { marks: [first], height: 24 };
  if (behind + textWidth(fact, "subtitle") <= room) {
    return {
      marks: [first, { kind: "text", x: behind, y: 16, text: fact, role: "subtitle", tone: "mute" }],
      height: 24,
    };
  }
  const under: Mark = {
    kind: "text",
    x: 0,
    y: 35,
    text: elide(fact, "subtitle", WIDTH),
    role: "subtitle",
    tone: "mute",
  };
  return { marks: [first, under], height: 43 };
}

export const PILL_HEIGHT = 16;

/** Returns the width of a pill with this text. */
export function pillWidth(text: string): number {
  return textWidth(text, "smallBold") + 14;
}

/** Draws white bold text on a rounded background; `y` is the baseline of the text. */
export function pill(
  text: string,
  tone: Tone,
  x: number,
  y: number,
  width = pillWidth(text),
): readonly Mark[] {
  return [
    {
      kind: "box",
      x,
      y: y - 12,
      width,
      height: PILL_HEIGHT,
      fill: tone,
      radius: PILL_HEIGHT / 2,
      over: true,
    },
    { kind: "text", x: x + width / 2, y, text, role: "smallBold", tone: "white", align: "center" },
  ];
}

/** Draws the outline of a pill, for unconfirmed or only predicted facts. */
export function hollowPill(
  text: string,
  tone: Tone,
  x: number,
  y: number,
  width = pillWidth(text),
): readonly Mark[] {
  return [
    {
      kind: "box",
      x: x + 0.75,
      y: y - 11.25,
      width: width - 1.5,
      height: PILL_HEIGHT - 1.5,
      stroke: tone,
      thick: 1.5,
      radius: PILL_HEIGHT / 2,
      over: true,
    },
    { kind: "text", x: x + width / 2, y, text, role: "smallBold", tone: "ink", align: "center" },
  ];
}

/** Formats an address and a port: `10.0.0.1:80`, `[fd00::1]:80`, or the address alone. */
export function endpoint(address: string, port?: number): string {
  if (port === undefined) return address;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Returns the two ends of a packet, and whether each differs from `before`. */
export function ends(packet: Packet, before?: Packet): readonly [End, End] {
  return [
    {
      text: endpoint(packet.src, packet.sport),
      changed: before !== undefined && (before.src !== packet.src || before.sport !== packet.sport),
    },
    {
      text: endpoint(packet.dst, packet.dport),
      changed: before !== undefined && (before.dst !== packet.dst || before.dport !== packet.dport),
    },
  ];
}

export interface End {
  readonly text: string;
  readonly changed: boolean;
}

/** `172.30.0.1:51234 → 172.17.0.2:80` */
export function headerText(packet: Packet): string {
  const [from, to] = ends(packet);
  return `${from.text} → ${to.text}`;
}

const ARROW = 24;
const TINT = 4;

export function headerWidth(pair: readonly [End, End], role: "code" | "codeSmall" = "code"): number {
  return textWidth(pair[0].text, role) + ARROW + textWidth(pair[1].text, role) + 2 * TINT;
}

/** Draws source, arrow and destination on one line, with changes bold in tinted boxes. `y` is the baseline. */
export function headerLine(
  pair: readonly [End, End],
  x: number,
  y: number,
  role: "code" | "codeSmall" = "code",
): readonly Mark[] {
  const second = x + TINT + textWidth(pair[0].text, role) + ARROW;
  return [
    ...changedText(pair[0], x + TINT, y, role),
    { kind: "text", x: second - ARROW / 2, y, text: "→", role: "body", tone: "mute", align: "center" },
    ...changedText(pair[1], second, y, role),
  ];
}

function changedText(end: End, x: number, y: number, role: "code" | "codeSmall"): readonly Mark[] {
  const bold: Role = role === "code" ? "codeBold" : "codeSmallBold";
  const text: Mark = { kind: "text", x, y, text: end.text, role: end.changed ? bold : role };
  if (!end.changed) return [text];
  return [tint(x, y, textWidth(end.text, bold)), text];
}

/** Draws the box behind changed text; `x` and `width` are those of the text, `y` is its baseline. */
export function tint(x: number, y: number, width: number, tone: Tone = "changed"): Mark {
  return {
    kind: "box",
    x: x - TINT,
    y: y - 12,
    width: width + 2 * TINT,
    height: 16,
    fill: tone,
    radius: 3,
    over: true,
  };
}

/** Returns the marks, moved. */
export function moved(marks: readonly Mark[], dx: number, dy: number): readonly Mark[] {
  return marks.map((mark) =>
    mark.kind === "line"
      ? { ...mark, points: mark.points.map(([x, y]) => [x + dx, y + dy] as const) }
      : { ...mark, x: mark.x + dx, y: mark.y + dy },
  );
}

// Shared, because `toLocaleString` resolves the locale on each call.
const grouped = new Intl.NumberFormat("en-US");

/** `1,204` */
export function thousands(number: number): string {
  return grouped.format(number);
}

/** `1 rule`, `3 rules`, `1,204 rules` */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${thousands(number)} ${number === 1 ? noun : plural}`;
}
