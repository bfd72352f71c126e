import type { Outcome, Packet, Path, Step } from "../netfilter/model";
import { type Picture, picture } from "./picture";
import { type Tone, tableTones } from "./sketch/palette";
import {
  endpoint,
  ends,
  headerLine,
  headerText,
  headerWidth,
  heading,
  pill,
  pillWidth,
  WIDTH,
} from "./sketch/pen";
import type { Mark } from "./sketch/scene";
import { elide, textWidth } from "./sketch/type";
import { type Stay, staysOf } from "./traversal/row";
import { chanceText, endSentence, sameEnds, VERDICTS } from "./traversal/say";
import { wayOf } from "./traversal/track";

export interface LadderOptions {
  /** Default: the packet's addresses and port. */
  readonly title?: string;
  /** Which of `path.outcomes` is drawn. Default: 0. */
  readonly outcome?: number;
  /** The way of the reply, drawn dashed beneath. */
  readonly reply?: Path;
  /** A fact under the name of a place: `pod · 10.244.1.2`. Default: the address it sends from or is reached at. */
  readonly facts?: Readonly<Record<string, string>>;
}

/** One rung: something that happens at a column, or on the way from one to another. */
type Rung =
  | {
      readonly kind: "arrow";
      readonly from: number;
      readonly to: number;
      readonly packet: Packet;
      readonly before: Packet;
      readonly reply: boolean;
    }
  | {
      readonly kind: "card";
      readonly at: number;
      readonly table: string;
      readonly title: string;
      readonly detail: string;
    }
  | { readonly kind: "seen"; readonly at: number; readonly text: string }
  | {
      readonly kind: "stop";
      readonly at: number;
      readonly outcome: Pick<Outcome, "verdict">;
      readonly text: string;
    }
  | { readonly kind: "turn" };

const HEAD = 40;
const EDGE = 70;

/**
 * Draws the addresses and ports of one packet at every hop, what changed at each in a tinted box, and beneath, dashed,
 * the reply's way back, where conntrack undoes what NAT did.
 *
 * @throws RangeError when the path has no outcome with that number.
 */
export function ladderPicture(path: Path, options: LadderOptions = {}): Picture {
  const outcome = path.outcomes[options.outcome ?? 0];
  if (outcome === undefined) {
    throw new RangeError(
      `the path has ${path.outcomes.length} outcomes, there is none at ${options.outcome ?? 0}`,
    );
  }
  const answer = options.reply?.outcomes[0];
  const stays = staysOf(outcome.steps);
  const columns = columnsOf(path.packet, outcome, stays);
  const rungs: Rung[] = [...rungsOf(path, outcome, stays, columns, false)];
  if (answer !== undefined && options.reply !== undefined) {
    rungs.push({ kind: "turn" }, ...rungsOf(options.reply, answer, staysOf(answer.steps), columns, true));
  }
  const title =
    options.title ??
    `${endpoint(path.packet.src, path.packet.sport)} → ${endpoint(path.packet.dst, path.packet.dport)}`;
  const fact =
    answer === undefined ? "the addresses at every hop" : "the addresses at every hop, there and back";
  const drawn = draw(title, fact, columns, rungs, options);
  return picture(
    { width: WIDTH, height: drawn.height, description: `${title}: ${fact}`, marks: drawn.marks },
    ladderText(title, fact, columns, rungs),
  );
}

/** Places in the order in which the packet meets them; a way through one place only gets its two neighbours as well. */
function columnsOf(packet: Packet, outcome: Outcome, stays: readonly Stay[]): readonly string[] {
  const places = [...new Set(stays.map((stay) => stay.place))];
  if (places.length > 1) return places;
  const [only = ""] = places;
  const [stay] = stays;
  const way = stay === undefined ? undefined : wayOf(stay);
  const cameIn = way?.stations[0] === "PREROUTING";
  const goesOut = outcome.verdict === "accept" && way?.stations.at(-1) === "POSTROUTING";
  return [...(cameIn ? [packet.src] : []), only, ...(goesOut ? [outcome.packet.dst] : [])];
}

function rungsOf(
  path: Path,
  outcome: Outcome,
  stays: readonly Stay[],
  columns: readonly string[],
  reply: boolean,
): readonly Rung[] {
  const rungs: Rung[] = [];
  const column = (place: string) => Math.max(0, columns.indexOf(place));
  let sent = path.packet;
  const arrow = (from: number, to: number, packet: Packet) => {
    rungs.push({ kind: "arrow", from, to, packet, before: sent, reply });
    sent = packet;
  };
  const [first] = stays;
  const single = new Set(stays.map((stay) => stay.place)).size === 1;
  const middle = column(first?.place ?? "");
  const [sender, receiver] = reply ? [middle + 1, middle - 1] : [middle - 1, middle + 1];
  if (single && columns[sender] !== undefined) arrow(sender, middle, path.packet);
  stays.forEach((stay, index) => {
    const at = column(stay.place);
    for (const step of stepsOf(outcome.steps, stay)) {
      if (sameEnds(step.before, step.after)) continue;
      const card = cardOf(step, outcome, at);
      if (card !== undefined) rungs.push(card);
    }
    const next = stays[index + 1];
    if (next !== undefined) arrow(at, column(next.place), packetAt(outcome, stay, next));
  });
  const last = stays.at(-1);
  const lastAt = column(last?.place ?? "");
  if (outcome.verdict !== "accept") {
    rungs.push({ kind: "stop", at: lastAt, outcome, text: endSentence(outcome) });
    return rungs;
  }
  const beyond = single && columns[receiver] !== undefined;
  if (beyond) arrow(middle, receiver, outcome.packet);
  const at = beyond ? receiver : lastAt;
  rungs.push({ kind: "seen", at, text: seenText(path.packet, outcome.packet, reply) });
  return rungs;
}

/** The steps of one stay: those of its rows, unfolded again by identity of place and order. */
function stepsOf(steps: readonly Step[], stay: Stay): readonly Step[] {
  const rows = stay.rows.flatMap((row) => ("step" in row ? [row.step as Step] : []));
  const wanted = new Set<Step>(rows);
  return steps.filter((step) => wanted.has(step));
}

function packetAt(outcome: Outcome, stay: Stay, next: Stay): Packet {
  const link = stay.left ?? next.entered;
  return link?.after ?? outcome.packet;
}

function seenText(sent: Packet, got: Packet, reply: boolean): string {
  const seen = endpoint(got.src, got.sport);
  if (reply) {
    return `the answer comes from ${seen}`;
  }
  return sent.src === got.src ? "✓ sees the sender's own address" : `sees ${seen}, not the sender`;
}

function cardOf(step: Step, outcome: Outcome, at: number): Rung | undefined {
  if (step.kind === "rule") {
    const kind = step.rule.action.kind.toUpperCase();
    const chance =
      outcome.probability.numerator === outcome.probability.denominator
        ? ""
        : `, ${chanceText(outcome.probability)}`;
    return {
      kind: "card",
      at,
      table: step.table,
      title: `${kind}${chance}`,
      detail: `${step.chain} rule ${step.rule.index}`,
    };
  }
  if (step.kind === "nat") {
    const source = step.before.src !== step.after.src || step.before.sport !== step.after.sport;
    const target = step.before.dst !== step.after.dst || step.before.dport !== step.after.dport;
    const what =
      source && target ? "both ends put back" : source ? "source put back" : "destination put back";
    return { kind: "card", at, table: "conntrack", title: what, detail: "no rule is asked" };
  }
  return undefined;
}

interface Band {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function draw(
  title: string,
  fact: string,
  columns: readonly string[],
  rungs: readonly Rung[],
  options: LadderOptions,
): { marks: readonly Mark[]; height: number } {
  const head = heading(title, fact);
  const marks: Mark[] = [...head.marks];
  const top = head.height + 8;
  const gap = columns.length > 1 ? (WIDTH - 2 * EDGE) / (columns.length - 1) : 0;
  const x = (column: number) => (columns.length === 1 ? WIDTH / 2 : EDGE + column * gap);
  const boxWidth = Math.min(2 * EDGE, columns.length > 1 ? gap - 10 : 200);
  columns.forEach((name, i) => {
    const left = x(i) - boxWidth / 2;
    const what = options.facts?.[name] ?? defaultFact(name, i, columns, rungs);
    marks.push({
      kind: "box",
      x: left,
      y: top,
      width: boxWidth,
      height: HEAD,
      fill: "card",
      stroke: "edge",
      radius: 5,
    });
    marks.push(...centred(name, "head", x(i), top + (what === "" ? 25 : 17), boxWidth - 12));
    if (what !== "") marks.push(...centred(what, "codeSmall", x(i), top + 32, boxWidth - 8, "mute"));
  });
  let y = top + HEAD + 8;
  const bands: Band[] = [];
  for (const rung of rungs) y = drawRung(rung, y, x, marks, bands);
  columns.forEach((_, i) => {
    marks.push(...lifeline(x(i), top + HEAD, y, bands));
  });
  return { marks, height: y + 6 };
}

function centred(
  text: string,
  role: "head" | "codeSmall",
  x: number,
  y: number,
  room: number,
  tone: Tone = "ink",
): readonly Mark[] {
  const short = elide(text, role, room);
  const mark: Mark = { kind: "text", x, y, text: short, role, tone, align: "center" };
  if (short === text) return [mark];
  return [mark, { kind: "hit", x: x - room / 2, y: y - 12, width: room, height: 16, tip: text }];
}

function defaultFact(
  name: string,
  column: number,
  columns: readonly string[],
  rungs: readonly Rung[],
): string {
  const arrows = rungs.flatMap((rung) => (rung.kind === "arrow" && !rung.reply ? [rung] : []));
  const arrives = rungs.some((rung) => rung.kind === "seen" && rung.at === column);
  const address =
    column === 0
      ? arrows[0]?.packet.src
      : column === columns.length - 1 && arrives
        ? arrows.at(-1)?.packet.dst
        : undefined;
  return address === undefined || address === name ? "" : address;
}

/** A line down from the box, with gaps where text stands on it. */
function lifeline(x: number, top: number, bottom: number, bands: readonly Band[]): readonly Mark[] {
  const cuts = bands.filter((band) => band.left - 4 < x && x < band.right + 4).sort((a, b) => a.top - b.top);
  const marks: Mark[] = [];
  let from = top;
  for (const cut of cuts) {
    if (cut.top > from) marks.push(segment(x, from, cut.top));
    from = Math.max(from, cut.bottom);
  }
  if (bottom > from) marks.push(segment(x, from, bottom));
  return marks;
}

function segment(x: number, top: number, bottom: number): Mark {
  return {
    kind: "line",
    points: [
      [x, top],
      [x, bottom],
    ],
    stroke: "edge",
    thick: 1.5,
  };
}

const clamp = (left: number, width: number) => Math.max(2, Math.min(left, WIDTH - width - 2));

function drawRung(
  rung: Rung,
  y: number,
  x: (column: number) => number,
  marks: Mark[],
  bands: Band[],
): number {
  switch (rung.kind) {
    case "arrow": {
      const pair = ends(rung.packet, rung.before);
      const width = headerWidth(pair, "codeSmall");
      const left = clamp((x(rung.from) + x(rung.to)) / 2 - width / 2, width);
      marks.push(...headerLine(pair, left, y + 14, "codeSmall"));
      bands.push({ left, right: left + width, top: y, bottom: y + 20 });
      const towards = Math.sign(rung.to - rung.from);
      const line = y + 28;
      if (towards === 0) {
        marks.push({ kind: "dot", x: x(rung.to), y: line, radius: 4, fill: "ink" });
      } else {
        marks.push({
          kind: "line",
          points: [
            [x(rung.from) + towards * 5, line],
            [x(rung.to) - towards * 5, line],
          ],
          stroke: "ink",
          thick: 2,
          dashed: rung.reply,
          arrow: true,
        });
      }
      return y + 38;
    }
    case "card": {
      const tones = tableTones(rung.table);
      const pillSize = pillWidth(rung.table);
      const width =
        Math.max(pillSize + 10 + textWidth(rung.title, "label"), textWidth(rung.detail, "codeSmall")) + 18;
      const room = Math.min(width, 360);
      const left = clamp(x(rung.at) - room / 2, room);
      marks.push(
        {
          kind: "box",
          x: left,
          y: y + 2,
          width: room,
          height: 40,
          fill: "ground",
          stroke: tones.line,
          thick: 1.5,
          radius: 6,
        },
        ...pill(rung.table, tones.pill, left + 8, y + 18, pillSize),
        { kind: "text", x: left + 8 + pillSize + 8, y: y + 18, text: rung.title, role: "label" },
        {
          kind: "text",
          x: left + 9,
          y: y + 35,
          text: elide(rung.detail, "codeSmall", room - 16),
          role: "codeSmall",
          tone: "mute",
        },
      );
      bands.push({ left, right: left + room, top: y + 2, bottom: y + 42 });
      return y + 52;
    }
    case "seen": {
      const width = textWidth(rung.text, "label");
      const left = clamp(x(rung.at) - width / 2, width);
      marks.push({ kind: "text", x: left, y: y + 12, text: rung.text, role: "label" });
      bands.push({ left, right: left + width, top: y, bottom: y + 18 });
      return y + 26;
    }
    case "stop": {
      const verdict = VERDICTS[rung.outcome.verdict];
      const word = `${verdict.glyph} ${verdict.word}`;
      const size = pillWidth(word);
      const text = elide(rung.text, "label", WIDTH - size - 30);
      const width = size + 8 + textWidth(text, "label");
      const left = clamp(x(rung.at) - size / 2, width);
      marks.push(...pill(word, verdict.pill, left, y + 14, size), {
        kind: "text",
        x: left + size + 8,
        y: y + 14,
        text,
        role: "label",
      });
      bands.push({ left, right: left + width, top: y, bottom: y + 22 });
      return y + 30;
    }
    case "turn": {
      marks.push(
        {
          kind: "line",
          points: [
            [0, y + 16],
            [WIDTH, y + 16],
          ],
          stroke: "edge",
          dashed: true,
        },
        { kind: "text", x: 0, y: y + 10, text: "request", role: "small", tone: "mute" },
        { kind: "text", x: 0, y: y + 29, text: "reply", role: "small", tone: "mute" },
      );
      bands.push({ left: 0, right: textWidth("request", "small"), top: y, bottom: y + 32 });
      return y + 32;
    }
  }
}

function ladderText(title: string, fact: string, columns: readonly string[], rungs: readonly Rung[]): string {
  const name = (column: number) => columns[column] ?? "?";
  const lines = rungs.map((rung) => rungText(rung, name));
  return [`${title} · ${fact}`, "request:", ...lines].join("\n");
}

function rungText(rung: Rung, name: (column: number) => string): string {
  switch (rung.kind) {
    case "arrow":
      return `  ${name(rung.from)} → ${name(rung.to)}: ${headerText(rung.packet)}`;
    case "card":
      return `  ${name(rung.at)}: ${rung.table} ${rung.title}, ${rung.detail}`;
    case "seen":
      return `  ${name(rung.at)}: ${rung.text}`;
    case "stop":
      return `  ${name(rung.at)}: ${VERDICTS[rung.outcome.verdict].word}, ${rung.text}`;
    case "turn":
      return "reply:";
  }
}
