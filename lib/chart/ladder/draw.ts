import type { Columns } from "../sketch/columns";
import { elide, textWidth } from "../sketch/font-metrics";
import { tableTones } from "../sketch/palette";
import type { Mark } from "../sketch/scene";
import { ends, headerLine, headerWidth, pill, pillWidth, WIDTH } from "../sketch/shapes";
import { VERDICTS } from "../traversal/phrases";
import type { Rung } from "./rung";

const clamp = (left: number, width: number) => Math.max(2, Math.min(left, WIDTH - width - 2));

/** Draws one rung with its upper edge at `y`, and returns the upper edge of the next one. */
export function drawRung(rung: Rung, y: number, columns: Columns, marks: Mark[]): number {
  const x = (column: number) => columns.x(column);
  switch (rung.kind) {
    case "arrow": {
      const pair = ends(rung.packet, rung.before);
      const width = headerWidth(pair, "codeSmall");
      const left = clamp((x(rung.from) + x(rung.to)) / 2 - width / 2, width);
      marks.push(...headerLine(pair, left, y + 14, "codeSmall"));
      columns.keep({ left, right: left + width, top: y, bottom: y + 20 });
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
      columns.keep({ left, right: left + room, top: y + 2, bottom: y + 42 });
      return y + 52;
    }
    case "seen": {
      const width = textWidth(rung.text, "label");
      const left = clamp(x(rung.at) - width / 2, width);
      marks.push({ kind: "text", x: left, y: y + 12, text: rung.text, role: "label" });
      columns.keep({ left, right: left + width, top: y, bottom: y + 18 });
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
      columns.keep({ left, right: left + width, top: y, bottom: y + 22 });
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
      columns.keep({ left: 0, right: textWidth("request", "small"), top: y, bottom: y + 32 });
      return y + 32;
    }
  }
}
