import type { Packet } from "../../netfilter/model";
import { elide, type Role, textWidth, wrap } from "../sketch/font-metrics";
import type { Layout } from "../sketch/layout";
import { type Tone, tableTones } from "../sketch/palette";
import type { Mark } from "../sketch/scene";
import { count, ends, headerLine, headerWidth, hollowPill, pill, tint, WIDTH } from "../sketch/shapes";
import { GAP, HOOK, LINE, PILL_W, PILL_X, RAIL, RIGHT, ROOM, TEXT } from "./columns";
import { drawUnmatched } from "./draw-unmatched";
import { markText, ruleGlyph, ruleText, sameEnds, sentence } from "./phrases";
import type { Row } from "./row";

export function isBig(row: Row): boolean {
  return (row.kind === "rule" && row.decides) || row.kind === "policy";
}

export function hookLabel(row: Row): string {
  if (row.kind === "routing") return "routing";
  if (row.kind === "link") return "link";
  if (row.kind === "end") return "end";
  return "hook" in row ? row.hook : row.step.hook;
}

/**
 * Draws one row: hook, dot on the rail, table and event. `mixed`: tables of both variants are loaded. `doubted`: the row
 * is drawn as an outline.
 */
export function drawRow(
  layout: Layout,
  row: Row,
  label: string,
  rail: { y: number; below: number }[],
  { mixed, doubted }: { readonly mixed: boolean; readonly doubted: boolean },
): void {
  const y = layout.y + 12;
  const big = isBig(row);
  const top = layout.y;
  const { step } = layout;
  const foldsAbove = layout.below;
  const { table, tones } = pillOf(row);
  if (label !== "") {
    const hook = label === label.toUpperCase();
    layout.put({
      kind: "text",
      x: HOOK,
      y,
      text: label,
      role: hook ? "label" : "body",
      tone: hook ? "ink" : "mute",
    });
  }
  if (doubted) layout.put(...hollowPill(table, tones.line, PILL_X, y, PILL_W));
  else if (table !== "") layout.put(...pill(table, tones.pill, PILL_X, y, PILL_W));
  rail.push({ y: y - 4, below: layout.below });
  layout.put({ kind: "dot", x: RAIL, y: y - 4, radius: big ? 5 : 3.5, fill: tones.line });
  layout.put({
    kind: "dot",
    x: RAIL,
    y: y - 4,
    radius: 8,
    fill: "none",
    stroke: "ink",
    only: layout.step ?? 0,
  });
  switch (row.kind) {
    case "rule":
      drawRule(layout, row, y, big, mixed);
      break;
    case "policy":
      drawPolicy(layout, row, y, mixed);
      break;
    case "unmatched":
      drawUnmatched(layout, row.lines, mixed && row.variant !== undefined ? row.variant : undefined, y);
      break;
    case "idle":
      if (row.asked === undefined) plain(layout, `${row.tables.join(", ")}: no rule asked, policy ACCEPT`, y);
      else plain(layout, `end of ${row.asked}: policy ACCEPT`, y);
      break;
    case "conntrack":
      withHeader(layout, row.step.text, row.step.before, row.step.after, y, "mute");
      break;
    case "nat":
      withHeader(layout, row.step.text, row.step.before, row.step.after, y, "ink");
      break;
    case "routing":
      withHeader(
        layout,
        row.step.text,
        row.step.before,
        row.step.after,
        y,
        row.step.decision === "drop" ? "ink" : "mute",
      );
      break;
    case "link":
    case "end":
      plain(layout, row.step.text, y, row.kind === "end" ? "ink" : "mute");
      break;
  }
  if (step === undefined) return;
  layout.put({
    kind: "hit",
    x: 0,
    y: top,
    width: row.kind === "unmatched" ? TEXT - 10 : WIDTH,
    height: layout.y - top,
    step,
    below: foldsAbove,
  });
}

export function pillOf(row: Row): { table: string; tones: { line: Tone; pill: Tone } } {
  switch (row.kind) {
    case "rule":
    case "policy":
      return { table: row.step.table, tones: tableTones(row.step.table) };
    case "unmatched":
      return { table: row.table, tones: tableTones(row.table) };
    case "idle": {
      const [only] = row.tables;
      const one = row.tables.length === 1 && only !== undefined;
      return { table: one ? only : `${row.tables.length} tables`, tones: tableTones(one ? only : "raw") };
    }
    case "conntrack":
    case "nat":
      return { table: "conntrack", tones: tableTones("conntrack") };
    case "routing":
      return { table: "route", tones: tableTones("route") };
    case "link":
      return { table: "link", tones: tableTones("link") };
    case "end": {
      const bad = row.step.verdict !== "accept";
      return bad
        ? { table: "end", tones: { line: "bad", pill: "badPill" } }
        : { table: "end", tones: { line: "good", pill: "goodPill" } };
    }
  }
}

/** Draws one or two lines of grey text. */
function plain(layout: Layout, text: string, y: number, tone: Tone = "mute"): void {
  const lines = wrap(text, "body", ROOM, 3);
  lines.forEach((line, i) => {
    layout.put({ kind: "text", x: TEXT, y: y + i * LINE, text: line, role: "body", tone });
  });
  layout.y += lines.length * LINE + GAP;
}

/** Draws text, and the header if this row changed it: on the same line if it fits. */
function withHeader(
  layout: Layout,
  text: string,
  before: Packet,
  after: Packet,
  y: number,
  tone: Tone,
): void {
  if (sameEnds(before, after)) {
    plain(layout, text, y, tone);
    return;
  }
  const pair = ends(after, before);
  const width = headerWidth(pair);
  plain(layout, text, y, tone);
  if (textWidth(text, "body") + 20 + width > ROOM) {
    const at = layout.y - GAP + 12;
    layout.put(...headerLine(pair, Math.max(TEXT, RIGHT - 8 - width), at));
    layout.y += LINE;
  } else {
    layout.put(...headerLine(pair, RIGHT - 8 - width, y));
  }
}

function chainName(step: { readonly chain: string; readonly variant?: string }, mixed: boolean): string {
  return mixed && step.variant !== undefined ? `${step.variant} ${step.chain}` : step.chain;
}

interface RuleLines {
  readonly marks: readonly Mark[];
  readonly height: number;
  readonly tip?: string;
}

/** Draws the chain in grey, then glyph and rule in monospace on up to three lines; `y` is the first baseline. */
function ruleLines(
  chain: string,
  glyph: string,
  rule: string,
  y: number,
  bold: boolean,
  room = ROOM,
): RuleLines {
  const role: Role = bold ? "codeBold" : "code";
  const shortChain = elide(chain, "code", room * 0.45);
  const indent = textWidth(shortChain, "code") + 10;
  const first = room - indent;
  const text = `${glyph} ${rule}`;
  const marks: Mark[] = [{ kind: "text", x: TEXT, y, text: shortChain, role: "code", tone: "mute" }];
  const put = (x: number, line: string, index: number) =>
    marks.push({ kind: "text", x, y: y + index * LINE, text: line, role });
  if (textWidth(text, role) <= first) {
    put(TEXT + indent, text, 0);
    return { marks, height: LINE };
  }
  const [start = ""] = wrap(text, role, first, 99);
  const rest = text.slice(start.length).trimStart();
  const more = wrap(rest, role, room - 14, 2);
  put(TEXT + indent, start, 0);
  more.forEach((line, i) => {
    put(TEXT + 14, line, i + 1);
  });
  const cut = more.at(-1)?.endsWith("…") === true && !rest.endsWith("…");
  return { marks, height: LINE * (1 + more.length), ...(cut ? { tip: rule } : {}) };
}

function drawRule(
  layout: Layout,
  row: Extract<Row, { kind: "rule" }>,
  y: number,
  big: boolean,
  mixed: boolean,
): void {
  const { step } = row;
  const rule = ruleText(step.rule);
  const lines = ruleLines(chainName(step, mixed), ruleGlyph(step.rule), rule, y, big);
  const marks: Mark[] = [...lines.marks];
  let height = lines.height;
  const changed = !sameEnds(step.before, step.after);
  const pair = ends(step.after, step.before);
  const headerRoom = changed ? headerWidth(pair) + 16 : 0;
  const said = sentence(step.words, step.because);
  const mark = markText(step.before, step.after);
  if (said !== "") {
    const words = wrap(said, "body", ROOM, 3);
    words.forEach((line, i) => {
      marks.push({ kind: "text", x: TEXT, y: y + height + i * LINE, text: line, role: "body", tone: "mute" });
    });
    height += words.length * LINE;
    if (changed && textWidth(words.at(-1) ?? "", "body") + headerRoom > ROOM) height += LINE;
  } else if (changed) {
    height += LINE;
  }
  if (changed)
    marks.push(...headerLine(pair, Math.max(TEXT, RIGHT - 8 - headerRoom + 16), y + height - LINE));
  if (mark !== undefined) {
    const width = textWidth(mark, "codeBold");
    const last = y + height - LINE;
    marks.push(tint(RIGHT - 12 - width, last, width), {
      kind: "text",
      x: RIGHT - 12 - width,
      y: last,
      text: mark,
      role: "codeBold",
    });
  }
  if (big) {
    layout.put({
      kind: "box",
      x: TEXT - 8,
      y: y - 15,
      width: RIGHT - TEXT + 8,
      height: height + 7,
      fill: "card",
      radius: 5,
    });
  }
  layout.put(...marks);
  if (lines.tip !== undefined) {
    layout.put({ kind: "hit", x: TEXT, y: y - 14, width: ROOM, height, tip: lines.tip });
  }
  layout.y += height + (big ? GAP + 4 : GAP);
}

function drawPolicy(layout: Layout, row: Extract<Row, { kind: "policy" }>, y: number, mixed: boolean): void {
  const { step } = row;
  const drop = step.policy === "DROP";
  if (drop) {
    layout.put({
      kind: "box",
      x: TEXT - 8,
      y: y - 15,
      width: RIGHT - TEXT + 8,
      height: LINE + 7,
      fill: "card",
      radius: 5,
    });
  }
  const chain = elide(chainName(step, mixed), "code", ROOM * 0.5);
  const tried = step.unmatched.length === 0 ? "" : `, after ${count(step.unmatched.length, "rule")}`;
  layout.put(
    { kind: "text", x: TEXT, y, text: chain, role: "code", tone: "mute" },
    {
      kind: "text",
      x: TEXT + textWidth(chain, "code") + 10,
      y,
      text: `${drop ? "✕" : "✓"} policy ${step.policy}${tried}`,
      role: "codeBold",
    },
  );
  layout.y += LINE + (drop ? GAP + 4 : GAP);
}
