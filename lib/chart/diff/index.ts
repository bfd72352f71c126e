import { type Picture, picture } from "../picture";
import { type Tone, tableTones } from "../sketch/palette";
import { count, heading, pill, tint, WIDTH } from "../sketch/pen";
import type { Mark } from "../sketch/scene";
import { Sheet } from "../sketch/sheet";
import { elide, textWidth, wrap } from "../sketch/type";
import { type Change, type ChangeKind, changeOf, type Diff, KINDS, markNew, type PlaceDiff } from "./change";

export type { Change, ChangeKind, Diff, PlaceDiff } from "./change";

const SIGN_X = 16;
const PILL_X = 38;
const PILL_W = 82;
const TEXT = 130;
const RIGHT = WIDTH - 12;
const ROOM = RIGHT - TEXT - 8;
const LINE = 16;
const GAP = 6;
/** Changes of one kind that are shown at once; a click opens the others. */
const SHOWN = 8;
const OPENED = 60;

/**
 * Draws what an action changed: for each namespace the interfaces, addresses, routes, rules and listeners that came
 * (＋, on a card), went (−, struck out) or are otherwise (~, the new part in a tinted box).
 *
 * Shell: `diff <(before) <(after)` of `ip addr`, `ip route`, `iptables-save`, `ss -ltn`, by meaning instead of by line.
 */
export function diffPicture(diff: Diff): Picture {
  const places = diff.places.map((place) => ({
    ...place,
    changes: place.changes.filter(changeOf).map(withoutChain),
  }));
  const changes = places.flatMap((place) => place.changes);
  const sheet = new Sheet();
  const title = diff.action ?? "before and after";
  const fact = summary(changes);
  const head = heading(title, fact);
  sheet.put(...head.marks);
  sheet.y = head.height + 10;
  for (const place of places) {
    sheet.frame(() => drawPlace(sheet, place));
    sheet.y += 14;
  }
  return picture(sheet.scene(WIDTH, `${title}: ${fact}`), diffText(title, fact, places));
}

/** A rule without `-A CHAIN`: its chain stands before it. */
function withoutChain(change: Change): Change {
  if (change.kind !== "rule" || change.chain === undefined) return change;
  const start = `-A ${change.chain} `;
  const bare = (text: string) => (text.startsWith(start) ? text.slice(start.length) : text);
  return {
    ...change,
    ...(change.before === undefined ? {} : { before: bare(change.before) }),
    ...(change.after === undefined ? {} : { after: bare(change.after) }),
  };
}

function summary(changes: readonly Change[]): string {
  if (changes.length === 0) return "nothing changed";
  const parts: string[] = [];
  for (const what of ["added", "removed", "changed"] as const) {
    const number = changes.filter((change) => changeOf(change) === what).length;
    if (number > 0) parts.push(`${number} ${what}`);
  }
  return parts.join(", ");
}

function byKind(changes: readonly Change[]): readonly (readonly [ChangeKind, readonly Change[]])[] {
  const kinds = Object.keys(KINDS).filter((kind): kind is ChangeKind => kind in KINDS);
  return kinds
    .map((kind) => [kind, changes.filter((change) => change.kind === kind)] as const)
    .filter(([, some]) => some.length > 0);
}

function drawPlace(sheet: Sheet, { place, changes }: PlaceDiff): void {
  const top = sheet.y;
  const name = elide(place, "head", WIDTH / 2);
  const fact = summary(changes);
  sheet.put(
    { kind: "text", x: SIGN_X - 4, y: top + 21, text: name, role: "head" },
    {
      kind: "text",
      x: SIGN_X + 8 + textWidth(name, "head"),
      y: top + 21,
      text: elide(fact, "small", WIDTH / 2 - 40),
      role: "small",
      tone: "mute",
    },
  );
  sheet.y += 34;
  for (const [kind, some] of byKind(changes)) {
    const words = count(some.length, KINDS[kind].one, KINDS[kind].many);
    sheet.put({ kind: "text", x: SIGN_X - 4, y: sheet.y + 12, text: words, role: "small", tone: "mute" });
    sheet.put({
      kind: "line",
      points: [
        [SIGN_X + 4 + textWidth(words, "small"), sheet.y + 8],
        [WIDTH - 12, sheet.y + 8],
      ],
      stroke: "faint",
    });
    sheet.y += 20;
    for (const change of some.slice(0, SHOWN)) {
      const drawn = entry(change, sheet.y);
      sheet.put(...drawn.marks);
      sheet.y += drawn.height;
    }
    drawRest(sheet, some.slice(SHOWN));
    sheet.y += 6;
  }
  sheet.y += 4;
}

/** What a long list opens to. */
function drawRest(sheet: Sheet, rest: readonly Change[]): void {
  if (rest.length === 0) return;
  const y = sheet.y + 12;
  const content: Mark[] = [];
  let at = sheet.y + LINE + GAP;
  const top = at;
  for (const change of rest.slice(0, OPENED)) {
    const drawn = entry(change, at);
    content.push(...drawn.marks);
    at += drawn.height;
  }
  if (rest.length > OPENED) {
    content.push({
      kind: "text",
      x: TEXT,
      y: at + 12,
      text: `… and ${(rest.length - OPENED).toLocaleString("en-US")} more, in the text of this picture`,
      role: "body",
      tone: "mute",
    });
    at += LINE + GAP;
  }
  sheet.y += LINE + GAP;
  const says = `${rest.length.toLocaleString("en-US")} more: ${summary(rest)}`;
  sheet.fold(at - top, content, (fold) => [
    { kind: "text", x: TEXT, y, text: "▸", role: "body", tone: "mute", whileClosed: fold },
    { kind: "text", x: TEXT, y, text: "▾", role: "body", inside: fold },
    { kind: "text", x: TEXT + 14, y, text: says, role: "body", tone: "mute" },
    {
      kind: "hit",
      x: TEXT - 8,
      y: y - 14,
      width: RIGHT - TEXT + 8,
      height: 20,
      opens: fold,
      tip: "click to open and close",
    },
  ]);
}

const SIGNS = { added: "+", removed: "−", changed: "~" } as const;

function pillOf(change: Change): { text: string; tone: Tone } {
  if (change.table !== undefined) return { text: change.table, tone: tableTones(change.table).pill };
  if (change.kind === "connection") return { text: "conntrack", tone: "conntrackPill" };
  return { text: KINDS[change.kind].one.split(" ")[0] ?? change.kind, tone: "rawPill" };
}

/** One change: its sign, its pill, its text over up to three lines, its words. */
function entry(change: Change, top: number): { marks: readonly Mark[]; height: number } {
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

/** Strikes out those words of the old text that the new one has no longer; `room` is how much of it is drawn. */
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

/** Text that begins at `x` and goes on, indented, for up to two lines more. */
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

/** The new text with what the old one had not in tinted boxes, word by word over as many lines as it takes. */
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

function diffText(title: string, fact: string, places: readonly PlaceDiff[]): string {
  const lines = [`${title} · ${fact}`];
  for (const { place, changes } of places) {
    lines.push(`${place}: ${summary(changes)}`);
    for (const [kind, some] of byKind(changes)) {
      lines.push(`  ${count(some.length, KINDS[kind].one, KINDS[kind].many)}`);
      for (const change of some) {
        const where = [change.table, change.chain].filter((part) => part !== undefined).join(" ");
        const at = where === "" ? "" : `${where}: `;
        if (change.before !== undefined) lines.push(`  - ${at}${change.before}`);
        if (change.after !== undefined) lines.push(`  + ${at}${change.after}`);
        if (change.words !== undefined) lines.push(`      ${change.words}`);
      }
    }
  }
  return lines.join("\n");
}
