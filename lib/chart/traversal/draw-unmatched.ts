import { withoutUndefined } from "../../without-undefined";
import { elide, textWidth } from "../sketch/font-metrics";
import type { Layout } from "../sketch/layout";
import type { Mark } from "../sketch/scene";
import { count, thousands } from "../sketch/shapes";
import { GAP, LINE, LISTED, RIGHT, ROOM, SMALL_LINE, TEXT } from "./columns";
import { ruleText, unmatchedText } from "./phrases";
import type { UnmatchedLine } from "./row";

/**
 * Draws the rules that did not match as one line. A click opens it.
 *
 * @param variant - shown before the chain's name. Undefined unless tables of both variants, legacy and nft, are loaded.
 */
export function drawUnmatched(
  layout: Layout,
  lines: readonly UnmatchedLine[],
  variant: string | undefined,
  y: number,
): void {
  const name = lines[0]?.chain ?? "";
  const chain = elide(variant === undefined ? name : `${variant} ${name}`, "code", ROOM * 0.4);
  const x = TEXT + textWidth(chain, "code") + 10;
  const room = RIGHT - 8 - x - 14;
  const says = unmatchedText(lines, room);
  const text = elide(says, "body", room);
  const content = unmatchedContent(lines, y + LINE);
  layout.y += LINE + GAP;
  layout.fold(content.height, content.marks, (fold) => [
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
      ...withoutUndefined({ step: layout.step }),
      tip: says === text ? "click to open and close" : says,
    },
  ]);
}

/** Draws the content of a fold: the first rules with the reason why each did not match, and a summary of the others. */
function unmatchedContent(
  lines: readonly UnmatchedLine[],
  top: number,
): { marks: readonly Mark[]; height: number } {
  const marks: Mark[] = [];
  let y = top;
  const shown = lines.slice(0, LISTED);
  for (const line of shown) {
    const x = TEXT + 12 + Math.min(line.depth, 6) * 12;
    const room = RIGHT - 8 - x;
    const { main, note } = unmatchedLine(line);
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

function unmatchedLine(line: UnmatchedLine): { main: string; note: string } {
  switch (line.kind) {
    case "rule":
      return { main: ruleText(line.unmatched.rule), note: `✕ ${line.unmatched.reason}` };
    case "jump":
      return { main: `↳ ${ruleText(line.rule)}`, note: "" };
    case "return":
      return { main: line.rule ? `↩ ${ruleText(line.rule)}` : `↩ end of ${line.chain}`, note: "" };
    case "policy":
      return { main: `✓ policy ${line.policy}`, note: "" };
  }
}

/** Returns a summary of the rules that are not listed: their number and the reasons. */
function restText(lines: readonly UnmatchedLine[]): string {
  const failed = new Map<string, number>();
  let tried = 0;
  for (const line of lines) {
    if (line.kind !== "rule") continue;
    tried += 1;
    failed.set(line.unmatched.failed.kind, (failed.get(line.unmatched.failed.kind) ?? 0) + 1);
  }
  const most = [...failed].sort((a, b) => b[1] - a[1]).slice(0, 3);
  const because = most.map(([kind, number]) => `${thousands(number)} by ${kind}`).join(", ");
  return `and ${count(tried, "more rule")} that did not match${because === "" ? "" : `: ${because}`}`;
}
