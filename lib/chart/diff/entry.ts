import { elide, textWidth, wrap } from "../sketch/font-metrics";
import { type Tone, tableTones } from "../sketch/palette";
import type { Mark } from "../sketch/scene";
import { pill, tint, WIDTH } from "../sketch/shapes";
import { type ChangeView, changeOf, KINDS, markNew } from "./change";

export const SIGN_X = 16;
const PILL_X = 38;
const PILL_W = 82;
export const TEXT = 130;
export const RIGHT = WIDTH - 12;
const ROOM = RIGHT - TEXT - 8;
export const LINE = 16;
export const GAP = 6;

const SIGNS = { added: "+", removed: "−", changed: "~" } as const;

function pillOf(change: ChangeView): { text: string; tone: Tone } {
  if (change.table !== undefined) return { text: change.table, tone: tableTones(change.table).pill };
  if (change.kind === "connection") return { text: "conntrack", tone: "conntrackPill" };
  return { text: KINDS[change.kind].one.split(" ")[0] ?? change.kind, tone: "rawPill" };
}

/** Draws one change: sign, pill, text on up to three lines, and explanation. */
export function entry(change: ChangeView, top: number): { marks: readonly Mark[]; height: number } {
  const what = changeOf(change) ?? "added";
  const y = top + 14;
  const { text: name, tone } = pillOf(change);
  const marks: Mark[] = [
    ...sign(what, y),
    ...pill(elide(name, "smallBold", PILL_W - 10), tone, PILL_X, y, PILL_W),
  ];
  const lines: Mark[] = [];
  let at = y;
  let x = TEXT;
  if (change.chain !== undefined && change.kind === "rule") {
    const chain = elide(change.chain, "code", ROOM * 0.42);
    lines.push({ kind: "text", x, y, text: chain, role: "code", tone: "mute" });
    x += textWidth(chain, "code") + 10;
  }
  const full = change.after ?? change.before ?? "";
  if (what === "changed" && change.before !== undefined && change.after !== undefined) {
    const old = elide(change.before, "code", RIGHT - 8 - x);
    lines.push({ kind: "text", x, y: at, text: old, role: "code", tone: "mute" });
    lines.push(...strikeGone(change.before, change.after, x, at, textWidth(old, "code")));
    at += LINE;
    const drawn = newParts(change.before, change.after, TEXT, at);
    lines.push(...drawn.marks);
    at = drawn.y + LINE;
  } else {
    const role = what === "added" ? "codeBold" : "code";
    const tail = flow(full, role, x, at);
    for (const line of tail) {
      lines.push({
        kind: "text",
        x: line.x,
        y: line.y,
        text: line.text,
        role,
        tone: what === "removed" ? "mute" : "ink",
      });
      if (what === "removed") lines.push(strike(line.x, line.y, textWidth(line.text, role)));
    }
    at = (tail.at(-1)?.y ?? at) + LINE;
  }
  if (change.words !== undefined) {
    for (const line of wrap(change.words, "body", ROOM, 2)) {
      lines.push({ kind: "text", x: TEXT, y: at, text: line, role: "body", tone: "mute" });
      at += LINE;
    }
  }
  const height = at - y + 6;
  if (what !== "removed") {
    marks.push({
      kind: "box",
      x: TEXT - 8,
      y: top - 1,
      width: RIGHT - TEXT + 8,
      height,
      fill: "card",
      radius: 5,
    });
  }
  const hit: Mark = { kind: "hit", x: TEXT - 8, y: top, width: RIGHT - TEXT, height, tip: full };
  const cut = lines.some((line) => line.kind === "text" && line.text.endsWith("…"));
  return { marks: [...marks, ...lines, ...(cut ? [hit] : [])], height: height + GAP };
}

function sign(what: "added" | "removed" | "changed", y: number): readonly Mark[] {
  const solid = what !== "removed";
  return [
    {
      kind: "dot",
      x: SIGN_X + 4,
      y: y - 4,
      radius: 7.5,
      fill: solid ? "ink" : "ground",
      stroke: solid ? "none" : "mute",
    },
    {
      kind: "text",
      x: SIGN_X + 4,
      y: y - 0.2,
      text: SIGNS[what],
      role: "label",
      tone: solid ? "ground" : "mute",
      align: "center",
    },
  ];
}

function strike(x: number, y: number, width: number): Mark {
  return {
    kind: "line",
    points: [
      [x, y - 4],
      [x + width, y - 4],
    ],
    stroke: "mute",
  };
}

/** Strikes out the words of the old text that the new one does not have. `room` is the drawn width in pixels. */
function strikeGone(before: string, after: string, x: number, y: number, room: number): readonly Mark[] {
  const marks: Mark[] = [];
  const space = textWidth(" ", "code");
  let from = x;
  for (const part of markNew(after, before)) {
    const width = textWidth(part.text, "code");
    const to = Math.min(from + width, x + room);
    if (part.isNew && to > from) marks.push(strike(from, y, to - from));
    from += width + space;
  }
  return marks;
}

/** Draws text that starts at `x` and continues, indented, on up to two more lines. */
function flow(
  text: string,
  role: "code" | "codeBold",
  x: number,
  y: number,
): readonly { x: number; y: number; text: string }[] {
  const first = RIGHT - 8 - x;
  if (textWidth(text, role) <= first) return [{ x, y, text }];
  const [start = ""] = wrap(text, role, first, 99);
  const rest = text.slice(start.length).trimStart();
  const more = wrap(rest, role, ROOM - 14, 2);
  return [
    { x, y, text: start },
    ...more.map((line, i) => ({ x: TEXT + 14, y: y + (i + 1) * LINE, text: line })),
  ];
}

/** Draws the new text word by word, with added words in tinted boxes, on as many lines as needed. */
function newParts(
  before: string,
  after: string,
  x: number,
  y: number,
): { marks: readonly Mark[]; y: number } {
  const marks: Mark[] = [];
  let at = x;
  let line = y;
  const space = textWidth(" ", "code");
  for (const part of markNew(before, after)) {
    const role = part.isNew ? "codeBold" : "code";
    for (const piece of wrap(part.text, role, ROOM, 4)) {
      const width = textWidth(piece, role);
      if (at > x && at + width > RIGHT - 8) {
        at = x;
        line += LINE;
      }
      if (part.isNew) marks.push(tint(at, line, width));
      marks.push({ kind: "text", x: at, y: line, text: piece, role });
      at += width + space + (part.isNew ? 2 : 0);
    }
  }
  return { marks, y: line };
}
