import { type Picture, picture } from "../picture";
import { wrap } from "../sketch/font-metrics";
import type { Mark } from "../sketch/scene";
import { count, heading, pill, pillWidth, WIDTH } from "../sketch/shapes";
import { drawSpan } from "./bars";
import { type AddressRange, overlapsOf, overlapText, spansOf, spanText } from "./span";

export type { AddressRange } from "./span";

export interface AddressesOptions {
  /** Default: `addresses`. */
  readonly title?: string;
  readonly notes?: readonly string[];
}

/**
 * Draws address ranges as bars, each with its child ranges below, magnified. Addresses that belong to two ranges, of
 * which neither contains the other by declaration, are marked in the error colour on both bars and listed in the text.
 *
 * @throws Error if a CIDR is invalid; the message of ipaddr.js contains it.
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
