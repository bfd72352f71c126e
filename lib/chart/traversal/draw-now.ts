import { elide } from "../sketch/font-metrics";
import type { Layout } from "../sketch/layout";
import { ends, headerLine, headerWidth, WIDTH } from "../sketch/shapes";
import { hookLabel, isBig, pillOf } from "./draw-row";
import { packetAfter, packetBefore } from "./phrases";
import type { NamespaceVisit } from "./row";

/** Draws the header at the step that the slider shows, and the steps as a line of dots in the colours of their tables. */
export function drawNow(layout: Layout, visits: readonly NamespaceVisit[]): void {
  const y = layout.y + 14;
  const rows = visits.flatMap((visit) => visit.rows.map((row) => ({ row, place: visit.place })));
  const x = 66;
  layout.put({ kind: "text", x: 0, y, text: "the packet", role: "small", tone: "mute" });
  rows.forEach(({ row, place }, index) => {
    const only = index + 1;
    const after = packetAfter(row);
    const pair = ends(after, packetBefore(row));
    const width = headerWidth(pair);
    layout.put(...headerLine(pair, x, y).map((one) => ({ ...one, only })));
    const mark = after.mark === 0 ? "" : `, mark 0x${(after.mark >>> 0).toString(16)}`;
    const note = elide(`step ${only} of ${rows.length}, in ${place}${mark}`, "small", WIDTH - x - width - 16);
    layout.put({ kind: "text", x: x + width + 16, y, text: note, role: "small", tone: "mute", only });
  });
  layout.y += 22;
  if (rows.length < 2) return;
  const line = layout.y + 10;
  const gap = Math.min(32, (WIDTH - x - 22) / (rows.length - 1));
  const at = (index: number) => x + 10 + index * gap;
  layout.put({ kind: "text", x: 0, y: line + 4, text: "steps", role: "small", tone: "mute" });
  rows.forEach(({ row }, index) => {
    const from = index + 1;
    if (index > 0) {
      const points = [
        [at(index - 1), line],
        [at(index), line],
      ] as const;
      layout.put({ kind: "line", points, stroke: "edge", thick: 1.5 });
    }
    const tone = pillOf(row).tones.line;
    layout.put(
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
  layout.y += 26;
}
