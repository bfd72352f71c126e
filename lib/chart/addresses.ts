import ipaddr from "ipaddr.js";
import { type Picture, picture } from "./picture";
import { count, heading, pill, pillWidth, WIDTH } from "./sketch/pen";
import type { Mark } from "./sketch/scene";
import { elide, textWidth, wrap } from "./sketch/type";

/** A range of addresses that something owns. Names are unique. */
export interface AddressRange {
  readonly name: string;
  /** `10.244.0.0/16`, `fd00:10:244::/56`. */
  readonly cidr: string;
  /** What it is for, in a word or two: `pods`, `services`, `lab network`. */
  readonly kind: string;
  /** Name of the range that this one is cut from. Two ranges that share addresses without this are an error. */
  readonly within?: string;
  /** How many of its addresses are given out. */
  readonly used?: number;
}

export interface AddressesOptions {
  /** Default: `addresses`. */
  readonly title?: string;
  readonly notes?: readonly string[];
}

interface Span {
  readonly range: AddressRange;
  readonly start: bigint;
  /** One past the last address. */
  readonly end: bigint;
  readonly bits: number;
  readonly children: readonly Span[];
}

interface Overlap {
  readonly a: Span;
  readonly b: Span;
  readonly start: bigint;
  readonly end: bigint;
}

const BAR = 168;
const ROOM = WIDTH - BAR;
const HIGH = 26;

/**
 * Draws ranges of addresses as bars, each with the ranges cut from it beneath, magnified. Addresses that two ranges
 * claim, neither cut from the other, stand in the colour of error on both bars, and are said in words.
 *
 * @throws Error when a CIDR cannot be read (ipaddr.js says which).
 */
export function addressesPicture(ranges: readonly AddressRange[], options: AddressesOptions = {}): Picture {
  const roots = spansOf(ranges);
  const overlaps = overlapsOf(roots);
  const title = options.title ?? "addresses";
  const fact =
    overlaps.length === 0
      ? `${count(ranges.length, "range")}, none overlaps`
      : `${count(ranges.length, "range")}, ${count(overlaps.length, "overlap")}`;
  const head = heading(title, fact);
  const marks: Mark[] = [...head.marks];
  let y = head.height + 12;
  for (const span of roots) y = drawSpan(span, y, 0, marks, overlaps) + 12;
  const lines: string[] = [...overlaps.map(overlapText), ...(options.notes ?? [])];
  overlaps.forEach((overlap) => {
    const word = "✕ overlap";
    const size = pillWidth(word);
    marks.push(...pill(word, "badPill", 0, y + 12, size));
    for (const line of wrap(overlapText(overlap), "body", WIDTH - size - 10, 3)) {
      marks.push({ kind: "text", x: size + 10, y: y + 12, text: line, role: "body" });
      y += 18;
    }
    y += 4;
  });
  for (const note of options.notes ?? []) {
    for (const line of wrap(note, "body", WIDTH, 3)) {
      marks.push({ kind: "text", x: 0, y: y + 12, text: line, role: "body", tone: "mute" });
      y += 17;
    }
  }
  return picture(
    { width: WIDTH, height: y, description: `${title}: ${fact}`, marks },
    [`${title} · ${fact}`, ...roots.flatMap((span) => spanText(span, 1)), ...lines].join("\n"),
  );
}

function spansOf(ranges: readonly AddressRange[]): readonly Span[] {
  const names = new Set(ranges.map((range) => range.name));
  const build = (range: AddressRange, above: readonly string[]): Span => {
    const [address, prefix] = ipaddr.parseCIDR(range.cidr);
    const bytes = address.toByteArray();
    const bits = bytes.length * 8;
    const value = bytes.reduce((sum, byte) => (sum << 8n) + BigInt(byte), 0n);
    const size = 1n << BigInt(bits - prefix);
    const start = value - (value % size);
    const children = ranges
      .filter((one) => one.within === range.name && !above.includes(one.name) && one.name !== range.name)
      .map((one) => build(one, [...above, range.name]))
      .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
    return { range, start, end: start + size, bits, children };
  };
  return ranges
    .filter((range) => range.within === undefined || !names.has(range.within))
    .map((range) => build(range, []));
}

/** Pairs of ranges that share addresses though neither was cut from the other, and children that leave their parent. */
function overlapsOf(roots: readonly Span[]): readonly Overlap[] {
  const all: { span: Span; path: readonly Span[] }[] = [];
  const walk = (span: Span, path: readonly Span[]) => {
    all.push({ span, path });
    for (const child of span.children) walk(child, [...path, span]);
  };
  for (const root of roots) walk(root, []);
  const found: Overlap[] = [];
  all.forEach(({ span: a, path: aboveA }, i) => {
    for (const { span: b, path: aboveB } of all.slice(i + 1)) {
      if (a.bits !== b.bits || aboveA.includes(b) || aboveB.includes(a)) continue;
      const start = most(a.start, b.start);
      const end = least(a.end, b.end);
      if (start < end) found.push({ a, b, start, end });
    }
  });
  // A range that overlaps another does so with everything cut from it as well: the outermost pair says it all,
  // unless the inner ranges are siblings of the same parent.
  return found.filter(
    ({ a, b }) =>
      !found.some(
        (other) =>
          (other.a !== a && other.b === b && contains(other.a, a)) ||
          (other.b !== b && other.a === a && contains(other.b, b)),
      ),
  );
}

function least(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

function most(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

function contains(outer: Span, inner: Span): boolean {
  return outer.children.some((child) => child === inner || contains(child, inner));
}

function overlapText({ a, b, start, end }: Overlap): string {
  const shared = end - start;
  const many = shared === 1n ? "1 address" : `${grouped(shared)} addresses`;
  return `${a.range.name} ${a.range.cidr} and ${b.range.name} ${b.range.cidr} share ${many}`;
}

function grouped(number: bigint): string {
  const digits = number.toString();
  return digits.length > 12 ? `2^${number.toString(2).length - 1}` : digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

function sizeText(span: Span): string {
  const size = grouped(span.end - span.start);
  const used = span.range.used === undefined ? "" : `${span.range.used.toLocaleString("en-US")} of `;
  return `${used}${size}`;
}

/** Where a share of addresses lies on a bar, in pixels; never thinner than can be seen. */
function pixels(start: bigint, end: bigint, from: bigint, to: bigint): { x: number; width: number } {
  const scale = (value: bigint) => (Number(((value - from) * 1_000_000n) / (to - from)) / 1_000_000) * ROOM;
  const x = scale(most(start, from));
  const width = Math.max(3, scale(least(end, to)) - x);
  return { x: BAR + Math.min(x, ROOM - 3), width };
}

function drawSpan(span: Span, y: number, depth: number, marks: Mark[], overlaps: readonly Overlap[]): number {
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

/** The part of a range that is cut up, magnified: a strip under the bar shows where it lies. */
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

/** The smallest aligned block that holds all children, at most the whole range. */
function windowOf(span: Span): { start: bigint; end: bigint } {
  const first = span.children.reduce((sum, child) => least(sum, child.start), span.end);
  const last = span.children.reduce((sum, child) => most(sum, child.end), span.start);
  let size = 1n;
  for (;;) {
    const start = first - (first % size);
    if (start <= span.start && start + size >= span.end) return { start: span.start, end: span.end };
    if (start + size >= last) return { start: most(start, span.start), end: start + size };
    size <<= 1n;
  }
}

/** Children as boxes side by side, with what is free between them. */
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

/** One child on a line of its own: its box where it lies, its range beside it. */
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

function spanText(span: Span, depth: number): readonly string[] {
  const indent = "  ".repeat(depth);
  return [
    `${indent}${span.range.name}: ${span.range.cidr}, ${span.range.kind}, ${sizeText(span)} addresses`,
    ...span.children.flatMap((child) => spanText(child, depth + 1)),
  ];
}
