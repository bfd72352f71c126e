import type { Outcome, Traversal } from "../../netfilter/model";
import { elide, type Role, textWidth, wrap } from "../sketch/font-metrics";
import type { Layout } from "../sketch/layout";
import type { Tone } from "../sketch/palette";
import {
  count,
  endpoint,
  ends,
  headerLine,
  headerText,
  headerWidth,
  hollowPill,
  pill,
  pillWidth,
  tint,
  WIDTH,
} from "../sketch/shapes";
import { GAP, HOOK, LINE, PILL_W, PILL_X, RIGHT, ROOM, TEXT } from "./columns";
import type { ArrivalWitness, KernelReport, TraversalOptions } from "./options";
import { causedWord, chanceText, countedSentence, endSentence, VERDICTS, verdictOf } from "./phrases";

/** Draws below the last row: the verdict, its conditions, the reply, the difference to the kernel, the other outcomes. */
export function drawEnd(
  layout: Layout,
  traversal: Traversal,
  outcome: Outcome,
  options: TraversalOptions,
  framed: boolean,
): void {
  layout.at(undefined);
  // A frame already has a lower edge.
  if (!framed) {
    layout.y += 4;
    layout.put({
      kind: "line",
      points: [
        [0, layout.y],
        [WIDTH, layout.y],
      ],
      stroke: "edge",
    });
  }
  layout.y += 8;
  const line = (label: string, draw: (y: number) => number) => {
    const y = layout.y + 12;
    layout.put({ kind: "text", x: HOOK, y, text: label, role: "body", tone: "mute" });
    layout.y += draw(y) + GAP;
  };
  const arrival = options.observed?.arrival;
  const verdict = verdictOf(outcome, arrival);
  line("verdict", (y) => {
    const word = `${verdict.glyph} ${verdict.word}`;
    const width = Math.max(PILL_W, pillWidth(word));
    layout.put(
      ...(verdict.hollow === undefined
        ? pill(word, verdict.pill, PILL_X, y, width)
        : hollowPill(word, verdict.hollow, PILL_X, y, width)),
    );
    const x = Math.max(TEXT, PILL_X + width + 10);
    const said = wrap(verdict.text, "label", RIGHT - x, 3);
    said.forEach((text, i) => {
      layout.put({ kind: "text", x, y: y + i * LINE, text, role: "label" });
    });
    return said.length * LINE;
  });
  if (arrival !== undefined) {
    line("arrival", (y) => {
      const { word, tone } = arrivalWord(arrival);
      layout.put(...pill(word, tone, PILL_X, y, Math.max(PILL_W, pillWidth(word))));
      const said = wrap(arrival.text, "body", ROOM, 4);
      said.forEach((text, i) => {
        layout.put({ kind: "text", x: TEXT, y: y + i * LINE, text, role: "body" });
      });
      return said.length * LINE;
    });
  }
  const unknown = (label: string, whats: readonly string[]) => {
    for (const [index, what] of whats.entries()) {
      line(index === 0 ? label : "", (y) => {
        layout.put(...pill("? unknown", "unsurePill", PILL_X, y, PILL_W));
        const said = wrap(what, "body", ROOM, 3);
        said.forEach((text, i) => {
          layout.put({ kind: "text", x: TEXT, y: y + i * LINE, text, role: "body" });
        });
        return said.length * LINE;
      });
    }
  };
  unknown("depends on", outcome.dependsOn);
  unknown("not known", outcome.drawn ?? []);
  const variants = new Set(
    outcome.steps.flatMap((step) => ("variant" in step && step.variant ? [step.variant] : [])),
  );
  if (variants.size > 1) {
    line("beware", (y) => {
      layout.put({
        kind: "text",
        x: PILL_X,
        y,
        text: "legacy and nft tables are both loaded: the packet passes both",
        role: "body",
      });
      return LINE;
    });
  }
  outcome.caused?.slice(0, 4).forEach((caused, index) => {
    line(index === 0 ? "answers" : "", (y) => {
      const word = causedWord(caused.packet);
      const width = Math.max(PILL_W, pillWidth(word));
      layout.put(...pill(word, "rawPill", PILL_X, y, width));
      const pair = ends(caused.packet);
      const x = Math.max(TEXT, PILL_X + width + 10) - 4;
      layout.put(...headerLine(pair, x, y));
      const fate = VERDICTS[caused.verdict];
      const after = x + headerWidth(pair) + 12;
      layout.put({
        kind: "text",
        x: after,
        y,
        text: elide(`sent by the host itself: ${fate.glyph} ${fate.word}`, "body", RIGHT - after),
        role: "body",
        tone: "mute",
      });
      return LINE;
    });
  });
  if (options.reply !== undefined) {
    const { text, packet } = options.reply;
    line("reply", (y) => {
      layout.put(...pill("conntrack", "conntrackPill", PILL_X, y, PILL_W));
      const said = wrap(text, "body", ROOM, 3);
      said.forEach((one, i) => {
        layout.put({ kind: "text", x: TEXT, y: y + i * LINE, text: one, role: "body", tone: "mute" });
      });
      if (packet === undefined) return said.length * LINE;
      const [from, to] = ends(packet);
      const pair = [{ ...from, changed: true }, to] as const;
      const width = headerWidth(pair);
      const beside = said.length === 1 && textWidth(text, "body") + 20 + width <= ROOM;
      layout.put(...headerLine(pair, beside ? RIGHT - 8 - width : TEXT, beside ? y : y + said.length * LINE));
      return (said.length + (beside ? 0 : 1)) * LINE;
    });
  }
  if (options.counted !== undefined) {
    const { difference, undecided } = options.counted;
    const said = countedSentence(options.counted);
    line("counters", (y) => {
      const word = difference !== undefined ? "≠ differ" : undecided === true ? "? unsure" : "✓ agree";
      const tone = difference !== undefined ? "badPill" : undecided === true ? "unsurePill" : "goodPill";
      layout.put(...pill(word, tone, PILL_X, y, Math.max(PILL_W, pillWidth(word))));
      layout.put({ kind: "text", x: TEXT, y, text: elide(said, "body", ROOM), role: "body" });
      return LINE;
    });
  }
  for (const { difference } of [options.observed, options.counted].flatMap((each) => each ?? [])) {
    if (difference !== undefined) drawDifference(line, layout, difference);
  }
  drawOthers(layout, traversal, outcome, options);
}

function arrivalWord({ confirmed }: ArrivalWitness): { word: string; tone: Tone } {
  if (confirmed === undefined) return { word: "? not seen", tone: "unsurePill" };
  return confirmed ? { word: "✓ seen", tone: "goodPill" } : { word: "≠ differs", tone: "badPill" };
}

function drawDifference(
  line: (label: string, draw: (y: number) => number) => void,
  layout: Layout,
  difference: NonNullable<KernelReport["difference"]>,
): void {
  const where = difference.place === undefined ? "" : ` (in ${difference.place})`;
  const rows: readonly (readonly [string, string])[] = [
    ["predicted", difference.predicted],
    ["observed", difference.observed + where],
    ...(difference.explanation === undefined ? [] : [["why", difference.explanation] as const]),
  ];
  rows.forEach(([label, text], index) => {
    line(index === 0 ? "difference" : "", (y) => {
      layout.put({ kind: "text", x: PILL_X, y, text: elide(label, "label", PILL_W + 6), role: "label" });
      const role: Role = label === "why" ? "body" : "code";
      const said = wrap(text, role, ROOM, 3);
      said.forEach((one, i) => {
        if (index === 1) layout.put(tint(TEXT, y + i * LINE, textWidth(one, role), "wrong"));
        layout.put({ kind: "text", x: TEXT, y: y + i * LINE, text: one, role });
      });
      return said.length * LINE;
    });
  });
}

const OTHERS = 8;

/** Draws the other outcomes of random and unknown matches. */
function drawOthers(layout: Layout, traversal: Traversal, drawn: Outcome, options: TraversalOptions): void {
  const others = traversal.outcomes.filter((outcome) => outcome !== drawn);
  if (others.length === 0) return;
  layout.y += 4;
  const y = layout.y + 12;
  const all = traversal.outcomes.length;
  layout.put({
    kind: "text",
    x: HOOK,
    y,
    text: `drawn: 1 of ${all}${traversal.truncated === true ? " or more" : ""} possible ways, ${outcomeChance(drawn)}`,
    role: "label",
  });
  layout.y += LINE + GAP;
  for (const other of others.slice(0, OTHERS)) {
    const row = layout.y + 12;
    const verdict = VERDICTS[other.verdict];
    layout.put({
      kind: "text",
      x: HOOK,
      y: row,
      text: elide(outcomeChance(other), "body", PILL_X - HOOK - 8),
      role: "body",
      tone: "mute",
    });
    const word = `${verdict.glyph} ${verdict.word}`;
    const width = Math.max(PILL_W, pillWidth(word));
    layout.put(...pill(word, verdict.pill, PILL_X, row, width));
    const x = Math.max(TEXT, PILL_X + width + 10);
    const name = options.names?.[other.packet.dst];
    const to = endpoint(other.packet.dst, other.packet.dport);
    const says = `${name === undefined ? "" : `${name}, `}${other.verdict === "accept" ? `to ${to}` : endSentence(other)}`;
    const depends = other.dependsOn.length === 0 ? "" : ` · if ${other.dependsOn.join(" and ")}`;
    layout.put({ kind: "text", x, y: row, text: elide(says + depends, "body", RIGHT - x), role: "body" });
    layout.put({
      kind: "hit",
      x: HOOK,
      y: row - 13,
      width: RIGHT - HOOK,
      height: 18,
      tip: `${headerText(other.packet)}${depends}`,
    });
    layout.y += LINE + 6;
  }
  if (others.length > OTHERS) {
    layout.put({
      kind: "text",
      x: TEXT,
      y: layout.y + 12,
      text: `… and ${count(others.length - OTHERS, "outcome")} more`,
      role: "body",
      tone: "mute",
    });
    layout.y += LINE + 6;
  }
}

function outcomeChance(outcome: Outcome): string {
  return outcome.certain || outcome.probability.numerator !== outcome.probability.denominator
    ? chanceText(outcome.probability)
    : "not certain";
}
