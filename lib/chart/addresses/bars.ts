import { elide, textWidth } from "../sketch/font-metrics";
import type { Mark } from "../sketch/scene";
import { WIDTH } from "../sketch/shapes";
import { grouped, least, most, type Overlap, type Span, sizeText, windowOf } from "./span";

const BAR = 168;
const ROOM = WIDTH - BAR;
const HIGH = 26;

/** Converts a range of addresses to pixels on a bar, at least as wide as is visible. */
function pixels(start: bigint, end: bigint, from: bigint, to: bigint): { x: number; width: number } {
  const scale = (value: bigint) => (Number(((value - from) * 1_000_000n) / (to - from)) / 1_000_000) * ROOM;
  const x = scale(most(start, from));
  const width = Math.max(3, scale(least(end, to)) - x);
  return { x: BAR + Math.min(x, ROOM - 3), width };
}

/** Draws a range as a bar with its child ranges below, and returns the lower edge. */
export function drawSpan(
  span: Span,
  y: number,
  depth: number,
  marks: Mark[],
  overlaps: readonly Overlap[],
): number {
  const indent = Math.min(depth, 3) * 12;
  const room = BAR - indent - 12;
  const bad = overlaps.some(({ a, b }) => a === span || b === span);
  marks.push(
    ...text(span.range.name, "label", indent, y + 11, room),
    ...text(span.range.kind, "small", indent, y + 25, room, "mute"),
  );
  marks.push({
    kind: "box",
    x: BAR,
    y,
    width: ROOM,
    height: HIGH,
    fill: "card",
    stroke: bad ? "bad" : "ink",
    thick: bad ? 2 : 1.5,
    radius: 4,
  });
  for (const { a, b, start, end } of overlaps) {
    if (a !== span && b !== span) continue;
    const at = pixels(start, end, span.start, span.end);
    marks.push({
      kind: "box",
      x: at.x,
      y: y + 1,
      width: at.width,
      height: HIGH - 2,
      fill: "wrong",
      radius: 3,
    });
  }
  const size = `${sizeText(span)} addresses`;
  const sizeRoom = textWidth(size, "small");
  marks.push(...text(span.range.cidr, "codeBold", BAR + 10, y + 17, ROOM - sizeRoom - 34), {
    kind: "text",
    x: WIDTH - 10,
    y: y + 17,
    text: size,
    role: "small",
    tone: "mute",
    align: "right",
  });
  return span.children.length === 0 ? y + HIGH : drawChildren(span, y + HIGH, depth, marks, overlaps);
}

/** Draws the part of a range that contains its children, magnified. A strip below the bar shows its position. */
function drawChildren(
  span: Span,
  y: number,
  depth: number,
  marks: Mark[],
  overlaps: readonly Overlap[],
): number {
  const window = windowOf(span);
  const strip = pixels(window.start, window.end, span.start, span.end);
  const top = y + 5;
  for (const child of span.children) {
    const at = pixels(child.start, child.end, span.start, span.end);
    marks.push({ kind: "box", x: at.x, y: y + 2, width: at.width, height: 4, fill: "mute" });
  }
  const zoomed = strip.width < ROOM - 1;
  const bottom = top + (zoomed ? 22 : 8);
  if (zoomed) {
    const side = (from: number, to: number): Mark => ({
      kind: "line",
      points: [
        [from, top + 2],
        [to, bottom],
      ],
      stroke: "edge",
    });
    marks.push(side(strip.x, BAR), side(strip.x + strip.width, WIDTH));
    const share = grouped((span.end - span.start) / (window.end - window.start));
    marks.push(
      ...text(
        `1/${share} of it, magnified`,
        "small",
        12 + Math.min(depth, 3) * 12,
        bottom - 2,
        BAR - 30,
        "mute",
      ),
    );
  }
  const fits = span.children.every((child) => {
    const { width } = pixels(child.start, child.end, window.start, window.end);
    return child.children.length === 0 && boxWidth(child) <= width - 12;
  });
  const separate = span.children.every(
    (child, i) => i === 0 || (span.children[i - 1]?.end ?? 0n) <= child.start,
  );
  if (fits && separate) {
    drawChunks(span, window, bottom, marks, overlaps);
    return bottom + 46;
  }
  let at = bottom + 4;
  for (const child of span.children) {
    at =
      child.children.length > 0
        ? drawSpan(child, at, depth + 1, marks, overlaps) + 8
        : drawRow(child, window, at, depth + 1, marks, overlaps);
  }
  return at;
}

function boxWidth(child: Span): number {
  return Math.max(
    textWidth(child.range.name, "label"),
    textWidth(child.range.cidr, "codeSmall"),
    textWidth(sizeText(child), "small"),
  );
}

/** Draws the children as adjacent boxes with the free ranges between them. */
function drawChunks(
  span: Span,
  window: { start: bigint; end: bigint },
  y: number,
  marks: Mark[],
  overlaps: readonly Overlap[],
): void {
  const free = (start: bigint, end: bigint) => {
    if (start >= end) return;
    const at = pixels(start, end, window.start, window.end);
    marks.push({
      kind: "box",
      x: at.x + 1,
      y,
      width: at.width - 2,
      height: 42,
      stroke: "edge",
      radius: 4,
      dashed: true,
    });
    if (at.width > 44) {
      marks.push({
        kind: "text",
        x: at.x + at.width / 2,
        y: y + 25,
        text: "free",
        role: "small",
        tone: "mute",
        align: "center",
      });
    }
  };
  let from = window.start;
  for (const child of span.children) {
    free(from, child.start);
    const at = pixels(child.start, child.end, window.start, window.end);
    const bad = overlaps.some(({ a, b }) => a === child || b === child);
    marks.push(
      {
        kind: "box",
        x: at.x + 1,
        y,
        width: at.width - 2,
        height: 42,
        fill: bad ? "wrong" : "card",
        stroke: bad ? "bad" : "ink",
        thick: 1.5,
        radius: 4,
      },
      {
        kind: "text",
        x: at.x + at.width / 2,
        y: y + 17,
        text: child.range.name,
        role: "label",
        align: "center",
      },
      {
        kind: "text",
        x: at.x + at.width / 2,
        y: y + 33,
        text: child.range.cidr,
        role: "codeSmall",
        align: "center",
      },
      {
        kind: "hit",
        x: at.x,
        y,
        width: at.width,
        height: 42,
        tip: `${child.range.name}: ${child.range.cidr}, ${child.range.kind}, ${sizeText(child)} addresses`,
      },
    );
    from = child.end;
  }
  free(from, window.end);
}

/** Draws one child on its own line: a box at its position, with its range next to it. */
function drawRow(
  child: Span,
  window: { start: bigint; end: bigint },
  y: number,
  depth: number,
  marks: Mark[],
  overlaps: readonly Overlap[],
): number {
  const indent = Math.min(depth, 3) * 12;
  const at = pixels(child.start, child.end, window.start, window.end);
  const bad = overlaps.some(({ a, b }) => a === child || b === child);
  const says = `${child.range.cidr} · ${child.range.kind}, ${sizeText(child)}`;
  const room = Math.max(ROOM - at.width - (at.x - BAR) - 10, at.x - BAR - 10, at.width - 16);
  const short = elide(says, "codeSmall", room);
  const wide = textWidth(short, "codeSmall");
  const inside = wide <= at.width - 16;
  const right = at.x + at.width + 8;
  const x = inside ? at.x + 8 : right + wide <= WIDTH ? right : at.x - 8 - wide;
  marks.push(
    ...text(child.range.name, "label", indent, y + 15, BAR - indent - 10),
    {
      kind: "box",
      x: at.x,
      y: y + 1,
      width: at.width,
      height: 20,
      fill: bad ? "wrong" : "card",
      stroke: bad ? "bad" : "ink",
      thick: 1.5,
      radius: Math.min(4, at.width / 2),
    },
    { kind: "text", x, y: y + 15, text: short, role: "codeSmall" },
  );
  if (short !== says) marks.push({ kind: "hit", x: BAR, y, width: ROOM, height: 22, tip: says });
  return y + 26;
}

function text(
  what: string,
  role: "label" | "small" | "codeBold",
  x: number,
  y: number,
  room: number,
  tone: "ink" | "mute" = "ink",
): readonly Mark[] {
  const short = elide(what, role, room);
  const mark: Mark = { kind: "text", x, y, text: short, role, tone };
  return short === what ? [mark] : [mark, { kind: "hit", x, y: y - 12, width: room, height: 16, tip: what }];
}
