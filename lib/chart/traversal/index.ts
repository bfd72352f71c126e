import type { Outcome, Packet, Path } from "../../netfilter/model";
import { type Picture, picture } from "../picture";
import { type Tone, tableTones } from "../sketch/palette";
import {
  count,
  endpoint,
  ends,
  headerLine,
  headerText,
  headerWidth,
  heading,
  pill,
  pillWidth,
  tint,
  WIDTH,
} from "../sketch/pen";
import type { Mark } from "../sketch/scene";
import { Sheet } from "../sketch/sheet";
import { elide, type Role, textWidth, wrap } from "../sketch/type";
import { type Row, type Stay, staysOf, type Vain } from "./row";
import {
  chanceText,
  endSentence,
  markText,
  packetAfter,
  packetBefore,
  ruleGlyph,
  ruleText,
  sameEnds,
  VERDICTS,
  vainText,
} from "./say";
import { traversalText } from "./text";
import { STRIP_HEIGHT, type Station, stationOf, strip, TRACK_HEIGHT, track, wayOf } from "./track";

/** What the kernel itself said about the same packet: its TRACE event by event, or rules' counters before and after. */
export interface Witness {
  readonly by: "trace" | "counters";
  /** Of `total` events (or rules), how many are as predicted. */
  readonly agreed: number;
  readonly total: number;
  /** The first thing that is otherwise, in words. */
  readonly difference?: {
    readonly place?: string;
    readonly predicted: string;
    readonly observed: string;
    readonly explanation?: string;
  };
}

export interface TraversalOptions {
  /** Default: the packet's addresses and port. */
  readonly title?: string;
  /** Default: the namespaces that the packet crosses. */
  readonly subtitle?: string;
  readonly observed?: Witness;
  /** Which of `path.outcomes` is drawn; the others are summed up beneath. Default: 0. */
  readonly outcome?: number;
  /** How the reply comes back, in one sentence, and its header as the sender of the request sees it. */
  readonly reply?: { readonly text: string; readonly packet?: Packet };
  /** Names of addresses, for the list of other outcomes: `10.244.2.3` → `web-1`. */
  readonly names?: Readonly<Record<string, string>>;
}

const INSET = 12;
const HOOK = INSET;
const RAIL = 120;
const PILL_X = 134;
const PILL_W = 74;
const TEXT = 220;
const RIGHT = WIDTH - INSET;
const ROOM = RIGHT - TEXT - 8;
/** Rules that a fold lists one by one; the others are counted. */
const LISTED = 12;

/**
 * Draws the way of one packet: the hooks as stations with its way lit, under them each table's rules as it met them.
 * What decided stands on a card, what was asked in vain folds into a count that a click opens, and a slider steps
 * through. A journey through several namespaces has one frame for each.
 *
 * @param path - what `trace` returned; the outcome that is drawn is `options.outcome`, by default the first.
 * @throws RangeError when the path has no such outcome.
 */
export function traversalPicture(path: Path, options: TraversalOptions = {}): Picture {
  const outcome = path.outcomes[options.outcome ?? 0];
  if (outcome === undefined) {
    throw new RangeError(
      `the path has ${path.outcomes.length} outcomes, there is none at ${options.outcome ?? 0}`,
    );
  }
  const stays = staysOf(outcome.steps);
  const title = options.title ?? defaultTitle(path.packet);
  const subtitle = options.subtitle ?? defaultSubtitle(stays);
  const sheet = new Sheet();
  const witness = options.observed === undefined ? undefined : witnessPill(options.observed);
  const head = heading(title, subtitle, WIDTH - (witness ? witness.width + 12 : 0));
  sheet.put(...head.marks, ...(witness ? witness.marks : []));
  sheet.y = head.height + 8;

  const steps = new Counter();
  const journey = stays.length > 1;
  drawNow(sheet, stays);
  for (const [index, stay] of stays.entries()) drawStay(sheet, stay, stays[index + 1], journey, steps);
  drawEnd(sheet, path, outcome, options);
  const verdict = VERDICTS[outcome.verdict];
  return picture(
    sheet.scene(WIDTH, `${title}, ${subtitle}: ${verdict.word}, ${endSentence(outcome)}`, steps.last),
    traversalText(path, outcome, stays, { title, subtitle, ...options }),
  );
}

/** The steps of the slider: one for each row. */
class Counter {
  last = 0;
  next(): number {
    this.last += 1;
    return this.last;
  }
}

function defaultTitle(packet: Packet): string {
  const port = packet.dport === undefined ? "" : ` port ${packet.dport}`;
  return `${packet.src} → ${packet.dst}, ${packet.protocol.toUpperCase()}${port}`;
}

function defaultSubtitle(stays: readonly Stay[]): string {
  const places = stays.map((stay) => stay.place);
  return places.length === 1 ? `one packet through ${places[0]}` : `one packet through ${places.join(", ")}`;
}

function witnessPill(witness: Witness): { marks: readonly Mark[]; width: number } {
  const agrees = witness.difference === undefined && witness.agreed === witness.total;
  const who = witness.by === "trace" ? "kernel" : "counters";
  const verb = witness.by === "trace" ? "agrees" : "agree";
  const text = agrees
    ? `✓ ${who} ${verb}, ${witness.agreed} of ${witness.total}`
    : `≠ ${who} ${verb} on ${witness.agreed} of ${witness.total}`;
  const width = pillWidth(text);
  return { marks: pill(text, agrees ? "goodPill" : "badPill", WIDTH - width, 15, width), width };
}

/** The header as it is at the step that the slider shows, and the steps as a line of dots in their tables' colours. */
function drawNow(sheet: Sheet, stays: readonly Stay[]): void {
  const y = sheet.y + 14;
  const rows = stays.flatMap((stay) => stay.rows.map((row) => ({ row, place: stay.place })));
  const x = 66;
  sheet.put({ kind: "text", x: 0, y, text: "the packet", role: "small", tone: "mute" });
  rows.forEach(({ row, place }, index) => {
    const only = index + 1;
    const after = packetAfter(row);
    const pair = ends(after, packetBefore(row));
    const width = headerWidth(pair);
    sheet.put(...headerLine(pair, x, y).map((one) => ({ ...one, only })));
    const mark = after.mark === 0 ? "" : `, mark 0x${(after.mark >>> 0).toString(16)}`;
    const note = elide(`step ${only} of ${rows.length}, in ${place}${mark}`, "small", WIDTH - x - width - 16);
    sheet.put({ kind: "text", x: x + width + 16, y, text: note, role: "small", tone: "mute", only });
  });
  sheet.y += 22;
  if (rows.length < 2) return;
  const line = sheet.y + 10;
  const gap = Math.min(32, (WIDTH - x - 22) / (rows.length - 1));
  const at = (index: number) => x + 10 + index * gap;
  sheet.put({ kind: "text", x: 0, y: line + 4, text: "its way", role: "small", tone: "mute" });
  rows.forEach(({ row }, index) => {
    const from = index + 1;
    if (index > 0) {
      const points = [
        [at(index - 1), line],
        [at(index), line],
      ] as const;
      sheet.put({ kind: "line", points, stroke: "edge", thick: 1.5 });
    }
    const tone = pillOf(row).tones.line;
    sheet.put(
      { kind: "dot", x: at(index), y: line, radius: isBig(row) ? 5 : 3.5, fill: tone, from },
      { kind: "dot", x: at(index), y: line, radius: 8, fill: "none", stroke: "ink", only: from },
      {
        kind: "hit",
        x: at(index) - gap / 2,
        y: line - 10,
        width: gap,
        height: 20,
        step: from,
        tip: `${hookLabel(row)} ${pillOf(row).table}`,
      },
    );
  });
  sheet.y += 26;
}

function isBig(row: Row): boolean {
  return (row.kind === "rule" && row.decides) || row.kind === "policy";
}

function drawStay(sheet: Sheet, stay: Stay, next: Stay | undefined, journey: boolean, steps: Counter): void {
  const top = sheet.y;
  const foldsAbove = sheet.below;
  sheet.at(undefined);
  const way = wayOf(stay);
  const first = new Map<Station, number>();
  const cameIn = way.stations[0] === "PREROUTING";
  stay.rows.forEach((row, index) => {
    const station = stationOf(row, cameIn);
    if (!first.has(station)) first.set(station, steps.last + index + 1);
  });
  const stepOf = (station: Station): number | undefined => {
    const known = first.get(station);
    if (known !== undefined) return known;
    const next = way.stations.slice(way.stations.indexOf(station) + 1).find((one) => first.has(one));
    return next === undefined ? steps.last + stay.rows.length : first.get(next);
  };
  if (journey) {
    const line = strip(way, RIGHT, top + 4, stepOf);
    const name = elide(stay.place, "head", line.left - HOOK - 10);
    sheet.put(...line.marks, { kind: "text", x: HOOK, y: top + 25, text: name, role: "head" });
    sheet.y += STRIP_HEIGHT + 10;
  } else {
    sheet.put(...track(way, sheet.y, stepOf));
    sheet.y += TRACK_HEIGHT;
    columnHeads(sheet);
  }
  const rail: { y: number; below: number }[] = [];
  let hook = "";
  for (const row of stay.rows) {
    const step = steps.next();
    sheet.at(step);
    const label = hookLabel(row);
    drawRow(sheet, row, label === hook ? "" : label, rail);
    hook = label;
  }
  sheet.at(undefined);
  const [from, to] = [rail[0], rail[rail.length - 1]];
  if (from !== undefined && to !== undefined && from !== to) {
    sheet.put({
      kind: "line",
      points: [
        [RAIL, from.y],
        [RAIL, to.y],
      ],
      stroke: "edge",
      thick: 1.5,
      below: from.below,
      belowEnd: to.below,
    });
  }
  if (!journey) return;
  sheet.y += 6;
  sheet.put({
    kind: "box",
    x: 0.5,
    y: top,
    width: WIDTH - 1,
    height: sheet.y - top,
    stroke: "edge",
    thick: 1.5,
    radius: 10,
    below: foldsAbove,
    belowEnd: sheet.below,
  });
  if (next !== undefined) drawCord(sheet, stay, next);
}

/** From one namespace's frame to the next: the cord between two interfaces. */
function drawCord(sheet: Sheet, stay: Stay, next: Stay): void {
  const link = stay.left ?? next.entered;
  const x = RAIL;
  const { y } = sheet;
  sheet.put({
    kind: "line",
    points: [
      [x, y],
      [x, y + 40],
    ],
    stroke: "cord",
    thick: 2.5,
    arrow: true,
  });
  if (link !== undefined) {
    const end = ({ link: name, ifindex }: { link: string; ifindex?: number }) =>
      ifindex === undefined ? name : `${name} (${ifindex})`;
    const text = `${end(link.from)} → ${end(link.to)}`;
    const short = elide(text, "codeSmall", 330);
    sheet.put(
      { kind: "text", x: x + 14, y: y + 24, text: short, role: "codeSmall" },
      {
        kind: "text",
        x: x + 14 + textWidth(short, "codeSmall") + 14,
        y: y + 24,
        text: elide(link.text, "small", RIGHT - x - 28 - textWidth(short, "codeSmall")),
        role: "small",
        tone: "mute",
      },
    );
  }
  sheet.y += 42;
}

function columnHeads(sheet: Sheet): void {
  const y = sheet.y + 12;
  const head = (x: number, text: string, align: "left" | "right" = "left"): Mark => ({
    kind: "text",
    x,
    y,
    text,
    role: "small",
    tone: "mute",
    align,
  });
  sheet.put(
    head(HOOK, "hook"),
    head(PILL_X, "table"),
    head(TEXT, "chain and rule"),
    head(RIGHT - 8, "packet after", "right"),
  );
  sheet.put({
    kind: "line",
    points: [
      [0, y + 7],
      [WIDTH, y + 7],
    ],
    stroke: "edge",
  });
  sheet.y += 28;
}

function hookLabel(row: Row): string {
  if (row.kind === "routing") return "routing";
  if (row.kind === "link") return "link";
  if (row.kind === "end") return "end";
  return "hook" in row ? row.hook : row.step.hook;
}

const LINE = 16;
const GAP = 8;

function drawRow(sheet: Sheet, row: Row, label: string, rail: { y: number; below: number }[]): void {
  const y = sheet.y + 12;
  const big = isBig(row);
  const top = sheet.y;
  const { step } = sheet;
  const foldsAbove = sheet.below;
  const { table, tones } = pillOf(row);
  if (label !== "") {
    const hook = label === label.toUpperCase();
    sheet.put({
      kind: "text",
      x: HOOK,
      y,
      text: label,
      role: hook ? "label" : "body",
      tone: hook ? "ink" : "mute",
    });
  }
  if (table !== "") sheet.put(...pill(table, tones.pill, PILL_X, y, PILL_W));
  rail.push({ y: y - 4, below: sheet.below });
  sheet.put({ kind: "dot", x: RAIL, y: y - 4, radius: big ? 5 : 3.5, fill: tones.line });
  sheet.put({
    kind: "dot",
    x: RAIL,
    y: y - 4,
    radius: 8,
    fill: "none",
    stroke: "ink",
    only: sheet.step ?? 0,
  });
  switch (row.kind) {
    case "rule":
      drawRule(sheet, row, y, big);
      break;
    case "policy":
      drawPolicy(sheet, row, y);
      break;
    case "vain":
      drawVain(sheet, row.lines, y);
      break;
    case "idle":
      plain(sheet, `${row.tables.join(", ")}: no rule asked, policy ACCEPT`, y);
      break;
    case "conntrack":
      withHeader(sheet, row.step.text, row.step.before, row.step.after, y, "mute");
      break;
    case "nat":
      withHeader(sheet, row.step.text, row.step.before, row.step.after, y, "ink");
      break;
    case "routing":
      withHeader(
        sheet,
        row.step.text,
        row.step.before,
        row.step.after,
        y,
        row.step.decision === "drop" ? "ink" : "mute",
      );
      break;
    case "link":
    case "end":
      plain(sheet, row.step.text, y, row.kind === "end" ? "ink" : "mute");
      break;
  }
  if (step === undefined) return;
  sheet.put({
    kind: "hit",
    x: 0,
    y: top,
    width: row.kind === "vain" ? TEXT - 10 : WIDTH,
    height: sheet.y - top,
    step,
    below: foldsAbove,
  });
}

function pillOf(row: Row): { table: string; tones: { line: Tone; pill: Tone } } {
  switch (row.kind) {
    case "rule":
    case "policy":
      return { table: row.step.table, tones: tableTones(row.step.table) };
    case "vain":
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

/** One or two lines of grey text. */
function plain(sheet: Sheet, text: string, y: number, tone: Tone = "mute"): void {
  const lines = wrap(text, "body", ROOM, 3);
  lines.forEach((line, i) => {
    sheet.put({ kind: "text", x: TEXT, y: y + i * LINE, text: line, role: "body", tone });
  });
  sheet.y += lines.length * LINE + GAP;
}

/** Text, and the header after it where this row changed it: on the same line when there is room. */
function withHeader(sheet: Sheet, text: string, before: Packet, after: Packet, y: number, tone: Tone): void {
  if (sameEnds(before, after)) {
    plain(sheet, text, y, tone);
    return;
  }
  const pair = ends(after, before);
  const width = headerWidth(pair);
  plain(sheet, text, y, tone);
  if (textWidth(text, "body") + 20 + width > ROOM) {
    const at = sheet.y - GAP + 12;
    sheet.put(...headerLine(pair, Math.max(TEXT, RIGHT - 8 - width), at));
    sheet.y += LINE;
  } else {
    sheet.put(...headerLine(pair, RIGHT - 8 - width, y));
  }
}

interface RuleLines {
  readonly marks: readonly Mark[];
  readonly height: number;
  readonly tip?: string;
}

/** Chain in grey, glyph and rule in monospace over up to three lines; `y` is the first baseline. */
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

function drawRule(sheet: Sheet, row: Extract<Row, { kind: "rule" }>, y: number, big: boolean): void {
  const { step } = row;
  const rule = ruleText(step.rule);
  const lines = ruleLines(step.chain, ruleGlyph(step.rule), rule, y, big);
  const marks: Mark[] = [...lines.marks];
  let height = lines.height;
  const changed = !sameEnds(step.before, step.after);
  const pair = ends(step.after, step.before);
  const headerRoom = changed ? headerWidth(pair) + 16 : 0;
  const said = [step.words, step.because].filter((part) => part !== undefined && part !== "").join(" · ");
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
    sheet.put({
      kind: "box",
      x: TEXT - 8,
      y: y - 15,
      width: RIGHT - TEXT + 8,
      height: height + 7,
      fill: "card",
      radius: 5,
    });
  }
  sheet.put(...marks);
  if (lines.tip !== undefined) {
    sheet.put({ kind: "hit", x: TEXT, y: y - 14, width: ROOM, height, tip: lines.tip });
  }
  sheet.y += height + (big ? GAP + 4 : GAP);
}

function drawPolicy(sheet: Sheet, row: Extract<Row, { kind: "policy" }>, y: number): void {
  const { step } = row;
  const drop = step.policy === "DROP";
  if (drop) {
    sheet.put({
      kind: "box",
      x: TEXT - 8,
      y: y - 15,
      width: RIGHT - TEXT + 8,
      height: LINE + 7,
      fill: "card",
      radius: 5,
    });
  }
  const chain = elide(step.chain, "code", ROOM * 0.5);
  const tried = step.tried.length === 0 ? "" : `, after ${count(step.tried.length, "rule")}`;
  sheet.put(
    { kind: "text", x: TEXT, y, text: chain, role: "code", tone: "mute" },
    {
      kind: "text",
      x: TEXT + textWidth(chain, "code") + 10,
      y,
      text: `${drop ? "✕" : "✓"} policy ${step.policy}${tried}`,
      role: "codeBold",
    },
  );
  sheet.y += LINE + (drop ? GAP + 4 : GAP);
}

const SMALL_LINE = 15;

function drawVain(sheet: Sheet, lines: readonly Vain[], y: number): void {
  const chain = elide(lines[0]?.chain ?? "", "code", ROOM * 0.4);
  const x = TEXT + textWidth(chain, "code") + 10;
  const says = vainText(lines);
  const text = elide(says, "body", RIGHT - 8 - x - 14);
  const content = vainContent(lines, y + LINE);
  sheet.y += LINE + GAP;
  sheet.fold(content.height, content.marks, (fold) => [
    { kind: "text", x: TEXT, y, text: chain, role: "code", tone: "mute" },
    { kind: "text", x, y, text: "▸", role: "body", tone: "mute", whileClosed: fold },
    { kind: "text", x, y, text: "▾", role: "body", tone: "ink", inside: fold },
    { kind: "text", x: x + 12, y, text, role: "body", tone: "mute" },
    {
      kind: "hit",
      x: TEXT - 8,
      y: y - 13,
      width: RIGHT - TEXT + 8,
      height: 18,
      opens: fold,
      ...(sheet.step === undefined ? {} : { step: sheet.step }),
      tip: says === text ? "click to open and close" : says,
    },
  ]);
}

/** What a fold opens to: every rule with the reason why it did not match, the first dozen one by one. */
function vainContent(lines: readonly Vain[], top: number): { marks: readonly Mark[]; height: number } {
  const marks: Mark[] = [];
  let y = top;
  const shown = lines.slice(0, LISTED);
  for (const line of shown) {
    const x = TEXT + 12 + Math.min(line.depth, 6) * 12;
    const room = RIGHT - 8 - x;
    const { main, note } = vainLine(line);
    const chainless = elide(main, "codeSmall", room);
    marks.push({ kind: "text", x, y, text: chainless, role: "codeSmall", tone: "mute" });
    if (chainless !== main) marks.push({ kind: "hit", x, y: y - 12, width: room, height: 16, tip: main });
    y += SMALL_LINE;
    if (note !== "") {
      marks.push({ kind: "text", x: x + 14, y: y - 1, text: elide(note, "small", room - 14), role: "small" });
      y += SMALL_LINE;
    }
  }
  if (lines.length > shown.length) {
    const rest = lines.slice(LISTED);
    marks.push({
      kind: "text",
      x: TEXT + 12,
      y,
      text: elide(`… ${restText(rest)}`, "small", ROOM - 12),
      role: "small",
    });
    y += SMALL_LINE;
  }
  marks.push({
    kind: "line",
    points: [
      [TEXT + 2, top - 10],
      [TEXT + 2, y - 10],
    ],
    stroke: "edge",
  });
  return { marks, height: y - top + 4 };
}

function vainLine(line: Vain): { main: string; note: string } {
  switch (line.kind) {
    case "tried":
      return { main: ruleText(line.tried.rule), note: `✕ ${line.tried.reason}` };
    case "jump":
      return { main: `↳ ${ruleText(line.rule)}`, note: "" };
    case "return":
      return { main: line.rule ? `↩ ${ruleText(line.rule)}` : `↩ end of ${line.chain}`, note: "" };
    case "policy":
      return { main: `✓ policy ${line.policy}`, note: "" };
  }
}

/** What is not listed: how many, and what they failed at. */
export function restText(lines: readonly Vain[]): string {
  const failed = new Map<string, number>();
  let tried = 0;
  for (const line of lines) {
    if (line.kind !== "tried") continue;
    tried += 1;
    failed.set(line.tried.failed.kind, (failed.get(line.tried.failed.kind) ?? 0) + 1);
  }
  const most = [...failed].sort((a, b) => b[1] - a[1]).slice(0, 3);
  const because = most.map(([kind, number]) => `${number.toLocaleString("en-US")} by ${kind}`).join(", ");
  return `and ${count(tried, "rule")} more that did not match${because === "" ? "" : `: ${because}`}`;
}

function drawEnd(sheet: Sheet, path: Path, outcome: Outcome, options: TraversalOptions): void {
  sheet.at(undefined);
  sheet.y += 4;
  sheet.put({
    kind: "line",
    points: [
      [0, sheet.y],
      [WIDTH, sheet.y],
    ],
    stroke: "edge",
  });
  sheet.y += 8;
  const line = (label: string, draw: (y: number) => number) => {
    const y = sheet.y + 12;
    sheet.put({ kind: "text", x: HOOK, y, text: label, role: "body", tone: "mute" });
    sheet.y += draw(y) + GAP;
  };
  const verdict = VERDICTS[outcome.verdict];
  line("verdict", (y) => {
    const width = Math.max(PILL_W, pillWidth(`${verdict.glyph} ${verdict.word}`));
    sheet.put(...pill(`${verdict.glyph} ${verdict.word}`, verdict.pill, PILL_X, y, width));
    const x = Math.max(TEXT, PILL_X + width + 10);
    const said = wrap(endSentence(outcome), "label", RIGHT - x, 3);
    said.forEach((text, i) => {
      sheet.put({ kind: "text", x, y: y + i * LINE, text, role: "label" });
    });
    return said.length * LINE;
  });
  if (!outcome.certain || outcome.dependsOn.length > 0) {
    for (const [index, what] of outcome.dependsOn.entries()) {
      line(index === 0 ? "depends on" : "", (y) => {
        sheet.put(...pill("? unknown", "unsurePill", PILL_X, y, PILL_W));
        const said = wrap(what, "body", ROOM, 3);
        said.forEach((text, i) => {
          sheet.put({ kind: "text", x: TEXT, y: y + i * LINE, text, role: "body" });
        });
        return said.length * LINE;
      });
    }
  }
  if (options.reply !== undefined) {
    const { text, packet } = options.reply;
    line("reply", (y) => {
      sheet.put(...pill("conntrack", "conntrackPill", PILL_X, y, PILL_W));
      const said = wrap(text, "body", ROOM, 3);
      said.forEach((one, i) => {
        sheet.put({ kind: "text", x: TEXT, y: y + i * LINE, text: one, role: "body", tone: "mute" });
      });
      if (packet === undefined) return said.length * LINE;
      const [from, to] = ends(packet);
      const pair = [{ ...from, changed: true }, to] as const;
      const width = headerWidth(pair);
      const beside = said.length === 1 && textWidth(text, "body") + 20 + width <= ROOM;
      sheet.put(...headerLine(pair, beside ? RIGHT - 8 - width : TEXT, beside ? y : y + said.length * LINE));
      return (said.length + (beside ? 0 : 1)) * LINE;
    });
  }
  const difference = options.observed?.difference;
  if (difference !== undefined) drawDifference(line, sheet, difference);
  drawOthers(sheet, path, outcome, options);
}

function drawDifference(
  line: (label: string, draw: (y: number) => number) => void,
  sheet: Sheet,
  difference: NonNullable<Witness["difference"]>,
): void {
  const where = difference.place === undefined ? "" : ` (in ${difference.place})`;
  const rows: readonly (readonly [string, string])[] = [
    ["predicted", difference.predicted],
    ["observed", difference.observed + where],
    ...(difference.explanation === undefined ? [] : [["why", difference.explanation] as const]),
  ];
  rows.forEach(([label, text], index) => {
    line(index === 0 ? "difference" : "", (y) => {
      sheet.put({ kind: "text", x: PILL_X, y, text: elide(label, "label", PILL_W + 6), role: "label" });
      const role: Role = label === "why" ? "body" : "code";
      const said = wrap(text, role, ROOM, 3);
      said.forEach((one, i) => {
        if (index === 1) sheet.put(tint(TEXT, y + i * LINE, textWidth(one, role), "wrong"));
        sheet.put({ kind: "text", x: TEXT, y: y + i * LINE, text: one, role });
      });
      return said.length * LINE;
    });
  });
}

const OTHERS = 8;

/** The other ways that chance or an unknown match could have decided. */
function drawOthers(sheet: Sheet, path: Path, drawn: Outcome, options: TraversalOptions): void {
  const others = path.outcomes.filter((outcome) => outcome !== drawn);
  if (others.length === 0) return;
  sheet.y += 4;
  const y = sheet.y + 12;
  const all = path.outcomes.length;
  sheet.put({
    kind: "text",
    x: HOOK,
    y,
    text: `drawn: 1 of ${all}${path.truncated === true ? " or more" : ""} possible ways, ${waysChance(drawn)}`,
    role: "label",
  });
  sheet.y += LINE + GAP;
  for (const other of others.slice(0, OTHERS)) {
    const row = sheet.y + 12;
    const verdict = VERDICTS[other.verdict];
    sheet.put({
      kind: "text",
      x: HOOK,
      y: row,
      text: elide(waysChance(other), "body", PILL_X - HOOK - 8),
      role: "body",
      tone: "mute",
    });
    const word = `${verdict.glyph} ${verdict.word}`;
    const width = Math.max(PILL_W, pillWidth(word));
    sheet.put(...pill(word, verdict.pill, PILL_X, row, width));
    const x = Math.max(TEXT, PILL_X + width + 10);
    const name = options.names?.[other.packet.dst];
    const to = endpoint(other.packet.dst, other.packet.dport);
    const says = `${name === undefined ? "" : `${name}, `}${other.verdict === "accept" ? `to ${to}` : endSentence(other)}`;
    const depends = other.dependsOn.length === 0 ? "" : ` · if ${other.dependsOn.join(" and ")}`;
    sheet.put({ kind: "text", x, y: row, text: elide(says + depends, "body", RIGHT - x), role: "body" });
    sheet.put({
      kind: "hit",
      x: HOOK,
      y: row - 13,
      width: RIGHT - HOOK,
      height: 18,
      tip: `${headerText(other.packet)}${depends}`,
    });
    sheet.y += LINE + 6;
  }
  if (others.length > OTHERS) {
    sheet.put({
      kind: "text",
      x: TEXT,
      y: sheet.y + 12,
      text: `… and ${count(others.length - OTHERS, "way")} more`,
      role: "body",
      tone: "mute",
    });
    sheet.y += LINE + 6;
  }
}

function waysChance(outcome: Outcome): string {
  return outcome.certain || outcome.probability.numerator !== outcome.probability.denominator
    ? chanceText(outcome.probability)
    : "not certain";
}
