import type { Packet, Path } from "../../netfilter/model";
import { type Picture, picture } from "../picture";
import { Sheet } from "../sketch/layout";
import type { Tone } from "../sketch/palette";
import type { Mark } from "../sketch/scene";
import { heading, pill, pillWidth, WIDTH } from "../sketch/shapes";
import { drawEnd } from "./draw-end";
import { drawNow } from "./draw-now";
import { Counter, drawStay } from "./draw-visit";
import type { ArrivalWitness, TraversalOptions, Witness } from "./options";
import { verdictOf } from "./phrases";
import { type Stay, staysOf } from "./row";
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
  const arrival = options.observed?.arrival === undefined ? {} : { arrival: options.observed.arrival };
  const lost = lostAt(stays, options.observed?.arrival);
  for (const [index, stay] of stays.entries()) {
    const reach = lost === undefined || index < lost ? "seen" : index === lost ? "last" : "not";
    drawStay(sheet, stay, stays[index + 1], { journey, steps, mixed, reach, ...arrival });
  }
  drawEnd(sheet, path, outcome, options, journey);
  const verdict = verdictOf(outcome, options.observed?.arrival);
  return picture(
    sheet.scene(WIDTH, `${title}, ${subtitle}: ${verdict.word}, ${verdict.text}`, steps.last),
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

/** The stay in which a packet that did not arrive was seen last; -1 where it was seen in none. */
function lostAt(stays: readonly Stay[], arrival: ArrivalWitness | undefined): number | undefined {
  if (arrival?.confirmed !== false) return undefined;
  return stays.findLastIndex(({ place }) => place === arrival.last?.place);
}

function witnessPill(witness: Witness): { marks: readonly Mark[]; width: number } {
  const { text, tone } = witnessWords(witness);
  const width = pillWidth(text);
  return { marks: pill(text, tone, WIDTH - width, 15, width), width };
}

function witnessWords(witness: Witness): { text: string; tone: Tone } {
  const { agreed, arrival, by, difference, total } = witness;
  const who = by === "trace" ? "kernel" : "counters";
  const verb = by === "trace" ? "agrees" : "agree";
  if (agreed !== total) return { text: `≠ ${who} ${verb} on ${agreed} of ${total}`, tone: "badPill" };
  if (arrival?.confirmed === false) return { text: "≠ not seen where predicted", tone: "badPill" };
  if (difference !== undefined) return { text: `≠ ${who} differs`, tone: "badPill" };
  if (arrival !== undefined && arrival.confirmed === undefined)
    return { text: "? arrival not confirmed", tone: "unsurePill" };
  // No table was asked on the way: that it arrived is all that can agree.
  if (total === 0) return { text: `✓ ${who} ${verb}: seen to end there`, tone: "goodPill" };
  return { text: `✓ ${who} ${verb}, ${agreed} of ${total}`, tone: "goodPill" };
}
