import type { Packet, Step, TableName, Traversal } from "../model";
import { type ChainEvent, type TraceHeader, verdictText } from "./event";
import { type ExpectedEvent, type ExpectedPass, expectedPasses } from "./expect";
import type { LoadedRules } from "./loaded";
import { OWN_TABLE } from "./own-table";
import type { ObservedPacket, Visit } from "./packets";
import type { Sightings } from "./sighting";

/** What the kernel reported in one network namespace, in the order of time. */
export interface PlaceTrace {
  readonly place: string;
  readonly packets: readonly ObservedPacket[];
  /** Without it rules are told apart by their text, which the monitor must have printed in iptables' syntax. */
  readonly loaded?: LoadedRules;
  /** Where our own chains saw it; absent where none were set, as in what other programs recorded. */
  readonly sightings?: Sightings;
}

/** The first point at which the kernel did something else than predicted. */
export interface Difference {
  readonly place: string;
  readonly table?: string;
  readonly chain?: string;
  /** What the path says, in words; absent where it ended before. */
  readonly expected?: string;
  /** What the kernel reported; absent where nothing more came. */
  readonly observed?: string;
  /** One sentence. */
  readonly text: string;
}

/** Whether the kernel's events are those that a path predicted. */
export interface Agreement {
  readonly agrees: boolean;
  /** Index of the outcome that the kernel took, or of the one that came nearest. */
  readonly outcome: number;
  /** How many events were compared and found equal. */
  readonly events: number;
  /** The observed packets that belong to the path, in order. */
  readonly packets: readonly { readonly place: string; readonly packet: ObservedPacket }[];
  /** Absent when they agree. */
  readonly difference?: Difference;
}

const predicted: ReadonlySet<string> = new Set<TableName>(["raw", "mangle", "nat", "filter", "security"]);

/**
 * Lays the kernel's trace beside a predicted path, event by event: every rule that matched, every policy, and the header
 * on entry to every table. Where chance or an unknown left several outcomes, one of them has to agree.
 *
 * Only namespaces that `traces` names are compared. What TRACE cannot show is not asked for: the end of a user chain,
 * conntrack, routing, and a namespace without tables.
 */
export function alignTrace(traversal: Traversal, traces: readonly PlaceTrace[]): Agreement {
  let best: Agreement | undefined;
  for (const [index, outcome] of traversal.outcomes.entries()) {
    const agreement = alignSteps(outcome.steps, traces, { outcome: index });
    if (agreement.agrees) return agreement;
    if (best === undefined || agreement.events > best.events) best = agreement;
  }
  return best ?? { agrees: false, outcome: -1, events: 0, packets: [], difference: nothing };
}

const nothing: Difference = { place: "", text: "The prediction has no outcome to compare with." };

/** How {@link alignSteps} compares. */
export interface AlignOptions {
  /** Index of the outcome, for the answer. Default: 0. */
  readonly outcome?: number;
  /** False where the kernel's trace tells no rules (legacy tables): only the packets are found. Default: true. */
  readonly rules?: boolean;
}

/** {@link alignTrace} for the steps of one outcome, or of one packet that a host sent as an answer. */
export function alignSteps(
  steps: readonly Step[],
  traces: readonly PlaceTrace[],
  { outcome = 0, rules = true }: AlignOptions = {},
): Agreement {
  const used = new Set<ObservedPacket>();
  const packets: { place: string; packet: ObservedPacket }[] = [];
  let events = 0;
  for (const pass of expectedPasses(steps)) {
    const trace = traces.find(({ place }) => place === pass.place);
    if (trace === undefined) continue;
    const packet = trace.packets.find((each) => !used.has(each) && sameFlow(each.header, pass.packet));
    if (packet === undefined) {
      // A namespace whose tables have nothing to say of the packet.
      if (pass.events.length === 0) continue;
      const text = `${pass.place}: the kernel reported no packet ${flowText(pass.packet)}; predicted was ${passText(pass)}.`;
      return { agrees: false, outcome, events, packets, difference: { place: pass.place, text } };
    }
    used.add(packet);
    packets.push({ place: pass.place, packet });
    if (!rules) continue;
    const { equal, difference } = comparePass(pass, packet, trace.loaded);
    events += equal;
    if (difference) return { agrees: false, outcome, events, packets, difference };
  }
  return { agrees: true, outcome, events, packets };
}

interface Seen {
  readonly event: ChainEvent;
  /** On the first event of a base chain. */
  readonly header?: TraceHeader;
  readonly visit: Visit;
}

function comparePass(
  pass: ExpectedPass,
  packet: ObservedPacket,
  loaded: LoadedRules | undefined,
): { equal: number; difference?: Difference } {
  const seen = packet.visits.filter(({ table }) => !table.startsWith(OWN_TABLE)).flatMap(seenIn);
  let equal = 0;
  let at = 0;
  for (const expected of pass.events) {
    if (isUnbuilt(expected, packet, loaded)) continue;
    while (isForeignPass(seen[at])) at += 1;
    const observed = seen[at];
    if (observed === undefined) return { equal, difference: ended(pass, expected, packet) };
    const text = disagreement(expected, observed, loaded);
    if (text !== undefined) {
      return {
        equal,
        difference: {
          place: pass.place,
          table: observed.event.table,
          chain: observed.event.chain,
          expected: expectedText(expected),
          observed: observedText(observed.event, loaded),
          text: `${pass.place}: ${text}.`,
        },
      };
    }
    equal += 1;
    at += 1;
  }
  while (isForeignPass(seen[at])) at += 1;
  const extra = seen[at];
  if (extra === undefined) return { equal };
  const observed = observedText(extra.event, loaded);
  return {
    equal,
    difference: {
      place: pass.place,
      table: extra.event.table,
      chain: extra.event.chain,
      observed,
      text: `${pass.place}: the prediction ends ${lastText(pass)}, but the kernel went on: ${observed}.`,
    },
  };
}

/**
 * iptables-save prints every built-in chain of a table, but iptables-nft makes a base chain only when something is put in
 * it: until then no hook calls it, and its policy is never reported.
 */
function isUnbuilt(
  { kind, table, chain, verdict }: ExpectedEvent,
  packet: ObservedPacket,
  loaded?: LoadedRules,
): boolean {
  if (kind !== "policy" || verdict?.kind !== "ACCEPT") return false;
  if (packet.visits.some((visit) => visit.table === table && visit.chain === chain)) return false;
  return (
    loaded === undefined ||
    (["ip", "ip6"] as const).every((family) => loaded.hook(family, table, chain) === undefined)
  );
}

function seenIn(visit: Visit): Seen[] {
  return visit.events.map((event, index) => ({
    event,
    visit,
    ...(index === 0 && visit.header !== undefined ? { header: visit.header } : {}),
  }));
}

/** Native nf_tables rules run beside iptables' and are not in the prediction; only a drop of theirs is news. */
function isForeignPass(seen: Seen | undefined): boolean {
  return seen !== undefined && isForeign(seen.event) && seen.event.verdict.kind !== "DROP";
}

function isForeign({ family, table }: ChainEvent): boolean {
  return !predicted.has(table) || (family !== "ip" && family !== "ip6");
}

/** Says how the kernel's event differs from the expected one; undefined when it does not. */
function disagreement(
  expected: ExpectedEvent,
  { event, header }: Seen,
  loaded: LoadedRules | undefined,
): string | undefined {
  const observed = observedText(event, loaded);
  if (isForeign(event)) return `nf_tables' own ${observed}, a rule that iptables does not show`;
  if (event.table !== expected.table || event.chain !== expected.chain || event.kind !== expected.kind) {
    return `predicted was ${expectedText(expected)}, but the kernel reported ${observed}${whyNot(expected, event, loaded)}`;
  }
  if (event.kind === "rule" && expected.rule !== undefined) {
    const position = positionOf(event, loaded);
    const same =
      position === undefined ? sameText(event.text, expected.rule.text) : position === expected.rule.index;
    if (!same) {
      return `predicted was ${expectedText(expected)}, but the kernel reported ${observed}${whyNot(expected, event, loaded)}`;
    }
  }
  if (expected.verdict !== undefined && verdictText(expected.verdict) !== verdictText(event.verdict)) {
    return `${expectedText(expected)} was predicted to end in ${verdictText(expected.verdict)}, but the kernel says ${verdictText(event.verdict)}`;
  }
  const field = header === undefined ? undefined : headerDifference(header, expected);
  return field === undefined ? undefined : `before ${expected.table} ${expected.chain} ${field}`;
}

/** The model's own reason, where it tried the rule that the kernel says matched. */
function whyNot(expected: ExpectedEvent, event: ChainEvent, loaded: LoadedRules | undefined): string {
  if (event.kind !== "rule" || event.table !== expected.table || event.chain !== expected.chain) return "";
  const position = positionOf(event, loaded);
  const unmatched = expected.unmatched.find(({ rule }) =>
    position === undefined ? sameText(event.text, rule.text) : rule.index === position,
  );
  return unmatched === undefined ? "" : `, which the prediction passed by because ${unmatched.reason}`;
}

function positionOf(event: ChainEvent, loaded: LoadedRules | undefined): number | undefined {
  if (event.kind !== "rule" || event.handle === undefined) return undefined;
  const position = loaded?.position(event.family, event.table, event.handle);
  return position?.chain === event.chain ? position.index : undefined;
}

/** xtables-monitor leaves the /32 of `--ctorigdst` out, iptables-save may not; nothing else differs. */
function sameText(a: string, b: string): boolean {
  const plain = (text: string): string =>
    text
      .replace(/\/(32|128)\b/g, "")
      .replace(/\s+/g, " ")
      .trim();
  return plain(a) === plain(b);
}

// The kernel takes the header down with the first event of a chain, after that rule's target ran: a mark or TTL is
// already the new one, while a translation is carried out only when the chain has been left (nf_nat_inet_fn).
function headerDifference(header: TraceHeader, { before, after }: ExpectedEvent): string | undefined {
  const pairs: readonly (readonly [string, string | number | undefined, string | number | undefined])[] = [
    ["the source address", header.src, before.src],
    ["the destination address", header.dst, before.dst],
    ["the source port", header.sport, before.sport],
    ["the destination port", header.dport, before.dport],
    ["the TTL", header.ttl, after.ttl],
    ["the mark", header.mark, after.mark],
  ];
  for (const [name, observed, expected] of pairs) {
    if (observed === undefined || expected === undefined || observed === expected) continue;
    return `${name} was predicted as ${expected}, but is ${observed}`;
  }
  return undefined;
}

/** Whether an observed header is that of a predicted packet: same family, addresses, and ports where both have them. */
export function sameFlow(header: TraceHeader | undefined, packet: Packet): boolean {
  if (header === undefined) return false;
  const same = <T>(a: T | undefined, b: T | undefined): boolean =>
    a === undefined || b === undefined || a === b;
  return (
    header.family === packet.family &&
    header.src === packet.src &&
    header.dst === packet.dst &&
    same(header.protocol, packet.protocol) &&
    same(header.sport, packet.sport) &&
    same(header.dport, packet.dport) &&
    same(header.icmp?.type, packet.icmp?.type) &&
    same(header.icmp?.id, packet.icmp?.id)
  );
}

function ended(pass: ExpectedPass, expected: ExpectedEvent, packet: ObservedPacket): Difference {
  const last = packet.visits.at(-1)?.events.at(-1);
  const where = last === undefined ? "" : ` after ${last.table} ${last.chain}`;
  return {
    place: pass.place,
    table: expected.table,
    chain: expected.chain,
    expected: expectedText(expected),
    text: `${pass.place}: predicted was ${expectedText(expected)}, but the kernel reported nothing more${where}.`,
  };
}

function expectedText({ kind, table, chain, rule, verdict }: ExpectedEvent): string {
  if (kind === "policy" || rule === undefined) {
    return `${table} ${chain} policy${verdict === undefined ? "" : ` ${verdictText(verdict)}`}`;
  }
  return `${table} ${chain} rule ${rule.index} (${rule.text})`;
}

function observedText(event: ChainEvent, loaded: LoadedRules | undefined): string {
  const at = `${event.table} ${event.chain}`;
  if (event.kind !== "rule") return `${at} ${event.kind} ${verdictText(event.verdict)}`;
  const position = positionOf(event, loaded);
  return `${at} rule${position === undefined ? "" : ` ${position}`} (${event.text}) ${verdictText(event.verdict)}`;
}

function passText(pass: ExpectedPass): string {
  const first = pass.events[0];
  return first === undefined ? "nothing" : `${expectedText(first)} first`;
}

function lastText(pass: ExpectedPass): string {
  const last = pass.events.at(-1);
  return last === undefined ? "at once" : `with ${expectedText(last)}`;
}

function flowText({ src, dst, protocol, sport, dport }: Packet): string {
  const end = (address: string, port: number | undefined): string =>
    port === undefined ? address : `${address}:${port}`;
  return `${protocol} ${end(src, sport)} → ${end(dst, dport)}`;
}
