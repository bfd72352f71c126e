import type { Packet, Traversal } from "../../netfilter/model";
import { type Picture, picture } from "../picture";
import { Layout } from "../sketch/layout";
import type { Tone } from "../sketch/palette";
import type { Mark } from "../sketch/scene";
import { heading, pill, pillWidth, WIDTH } from "../sketch/shapes";
import { drawEnd } from "./draw-end";
import { drawNow } from "./draw-now";
import { Counter, drawVisit } from "./draw-visit";
import type { ArrivalWitness, KernelReport, TraversalOptions } from "./options";
import { verdictOf } from "./phrases";
import { type NamespaceVisit, visitsOf } from "./row";
import { traversalText } from "./text";

export type { KernelReport, TraversalOptions } from "./options";

/**
 * Draws the traversal of one packet: the hooks as stations with the packet's path highlighted, and below them the rules
 * of each table in the order in which they were evaluated. Rules that decided are on cards, rules that did not match are
 * folded into a count that a click opens, and a slider steps through the picture. A journey through several namespaces
 * has one frame per namespace.
 *
 * @param traversal - the result of `trace`. `options.outcome` selects the outcome to draw; default: the first.
 * @throws RangeError if the traversal has no such outcome.
 * @example
 * import { parseRuleset, traversalPicture, traverse } from "wirebook";
 *
 * const packet = {
 *   family: "ipv4", src: "192.0.2.1", dst: "127.0.0.1", protocol: "udp", sport: 5000, dport: 53,
 *   ttl: 64, tos: 0, length: 60, mark: 0,
 * } as const;
 * const host = { place: "host1", rulesets: [parseRuleset("*filter\n:INPUT DROP [0:0]\nCOMMIT\n")] };
 * const picture = traversalPicture(traverse(host, packet, { from: { in: "eth0" } }));
 * console.log(picture.text);
 */
export function traversalPicture(traversal: Traversal, options: TraversalOptions = {}): Picture {
  const outcome = traversal.outcomes[options.outcome ?? 0];
  if (outcome === undefined) {
    throw new RangeError(
      `the path has ${traversal.outcomes.length} outcomes, there is none at ${options.outcome ?? 0}`,
    );
  }
  const visits = visitsOf(outcome.steps);
  const title = options.title ?? packetTitle(traversal.packet, options.names ?? {});
  const subtitle = options.subtitle ?? defaultSubtitle(visits);
  const layout = new Layout();
  const reported = options.observed === undefined ? undefined : reportPill(options.observed);
  const head = heading(title, subtitle, WIDTH - (reported ? reported.width + 12 : 0));
  layout.put(...head.marks, ...(reported ? reported.marks : []));
  layout.y = head.height + 8;

  const steps = new Counter();
  const journey = visits.length > 1;
  const variants = new Set(
    outcome.steps.flatMap((step) => ("variant" in step && step.variant ? [step.variant] : [])),
  );
  const mixed = variants.size > 1;
  drawNow(layout, visits);
  const arrival = options.observed?.arrival === undefined ? {} : { arrival: options.observed.arrival };
  const lost = lostAt(visits, options.observed?.arrival);
  for (const [index, visit] of visits.entries()) {
    const reach = lost === undefined || index < lost ? "seen" : index === lost ? "last" : "not";
    drawVisit(layout, visit, visits[index + 1], { journey, steps, mixed, reach, ...arrival });
  }
  drawEnd(layout, traversal, outcome, options, journey);
  const verdict = verdictOf(outcome, options.observed?.arrival);
  return picture(
    layout.scene(WIDTH, `${title}, ${subtitle}: ${verdict.word}, ${verdict.text}`, steps.last),
    traversalText(traversal, outcome, visits, { title, subtitle, ...options }),
  );
}

/** `client → web, TCP port 80`, with the names of addresses from `names`. */
export function packetTitle(
  { src, dst, protocol, dport }: Packet,
  names: Readonly<Record<string, string>>,
): string {
  const port = dport === undefined ? "" : ` port ${dport}`;
  return `${names[src] ?? src} → ${names[dst] ?? dst}, ${protocol.toUpperCase()}${port}`;
}

function defaultSubtitle(visits: readonly NamespaceVisit[]): string {
  const places = visits.map((visit) => visit.place);
  return places.length === 1 ? `one packet through ${places[0]}` : `one packet through ${places.join(", ")}`;
}

/** Returns the index of the visit in which a lost packet was seen last; -1 if it was not seen at all. */
function lostAt(visits: readonly NamespaceVisit[], arrival: ArrivalWitness | undefined): number | undefined {
  if (arrival?.confirmed !== false) return undefined;
  return visits.findLastIndex(({ place }) => place === arrival.last?.place);
}

function reportPill(report: KernelReport): { marks: readonly Mark[]; width: number } {
  const { text, tone } = witnessWords(report);
  const width = pillWidth(text);
  return { marks: pill(text, tone, WIDTH - width, 15, width), width };
}

function witnessWords(report: KernelReport): { text: string; tone: Tone } {
  const { agreed, arrival, by, difference, total } = report;
  const who = by === "trace" ? "kernel" : "counters";
  const verb = by === "trace" ? "agrees" : "agree";
  if (agreed !== total) return { text: `≠ ${who} ${verb} on ${agreed} of ${total}`, tone: "badPill" };
  if (arrival?.confirmed === false) return { text: "≠ not seen at the predicted end", tone: "badPill" };
  if (difference !== undefined) return { text: `≠ ${who} differs`, tone: "badPill" };
  if (arrival !== undefined && arrival.confirmed === undefined)
    return { text: "? arrival not confirmed", tone: "unsurePill" };
  // No table was evaluated, so only the place where the packet ended can be compared.
  if (total === 0) return { text: `✓ ${who} ${verb}: seen to end there`, tone: "goodPill" };
  return { text: `✓ ${who} ${verb}, ${agreed} of ${total}`, tone: "goodPill" };
}
