import type { Packet, Path } from "../../netfilter/model";
import { type Picture, picture } from "../picture";
import { heading, pill, pillWidth, WIDTH } from "../sketch/pen";
import type { Mark } from "../sketch/scene";
import { Sheet } from "../sketch/sheet";
import { drawEnd } from "./draw-end";
import { drawNow } from "./draw-now";
import { Counter, drawStay } from "./draw-stay";
import type { TraversalOptions, Witness } from "./options";
import { type Stay, staysOf } from "./row";
import { endSentence, VERDICTS } from "./say";
import { traversalText } from "./text";

export type { TraversalOptions, Witness } from "./options";

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
  const title = options.title ?? packetTitle(path.packet, options.names ?? {});
  const subtitle = options.subtitle ?? defaultSubtitle(stays);
  const sheet = new Sheet();
  const witness = options.observed === undefined ? undefined : witnessPill(options.observed);
  const head = heading(title, subtitle, WIDTH - (witness ? witness.width + 12 : 0));
  sheet.put(...head.marks, ...(witness ? witness.marks : []));
  sheet.y = head.height + 8;

  const steps = new Counter();
  const journey = stays.length > 1;
  const variants = new Set(
    outcome.steps.flatMap((step) => ("variant" in step && step.variant ? [step.variant] : [])),
  );
  const mixed = variants.size > 1;
  drawNow(sheet, stays);
  for (const [index, stay] of stays.entries()) {
    drawStay(sheet, stay, stays[index + 1], journey, steps, mixed);
  }
  drawEnd(sheet, path, outcome, options, journey);
  const verdict = VERDICTS[outcome.verdict];
  return picture(
    sheet.scene(WIDTH, `${title}, ${subtitle}: ${verdict.word}, ${endSentence(outcome)}`, steps.last),
    traversalText(path, outcome, stays, { title, subtitle, ...options }),
  );
}

/** `client → web, TCP port 80`, by the names of addresses where `names` has them. */
export function packetTitle(
  { src, dst, protocol, dport }: Packet,
  names: Readonly<Record<string, string>>,
): string {
  const port = dport === undefined ? "" : ` port ${dport}`;
  return `${names[src] ?? src} → ${names[dst] ?? dst}, ${protocol.toUpperCase()}${port}`;
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
