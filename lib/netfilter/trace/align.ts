import type { Packet, Step, TableName, Traversal } from "../model";
import {
  expectedText,
  flowText,
  headerDifference,
  lastText,
  observedText,
  passText,
  positionOf,
  sameText,
  whyNot,
} from "./difference-text";
import { type ExpectedEvent, type ExpectedPass, expectedPasses } from "./expect";
import { OWN_TABLE } from "./own-table";
import { type ChainEvent, type TraceHeader, verdictText } from "./read/event";
import type { LoadedRules } from "./read/loaded";
import type { ObservedPacket, Visit } from "./read/packets";
import type { Sightings } from "./sighting";

/** The trace of one network namespace in chronological order. */
export interface PlaceTrace {
  readonly place: string;
  readonly packets: readonly ObservedPacket[];
  /** Identifies rules by their handle. Without it, rules are compared by their text, which must be in iptables' syntax. */
  readonly loaded?: LoadedRules;
  /** Where Wirebook's own chains saw packets. Absent for traces that other programs recorded. */
  readonly sightings?: Sightings;
}

/** The first difference between the kernel's trace and the prediction. */
export interface Difference {
  readonly place: string;
  readonly table?: string;
  readonly chain?: string;
  /** The predicted event. Absent if the predicted path ended before. */
  readonly expected?: string;
  /** The reported event. Absent if the kernel reported nothing more. */
  readonly observed?: string;
  /** One sentence. */
  readonly text: string;
}

/** The result of comparing the kernel's trace with a prediction. */
export interface Agreement {
  readonly agrees: boolean;
  /** Index of the outcome that agrees, or otherwise of the one with the most equal events. */
  readonly outcome: number;
  /** Number of equal events. */
  readonly events: number;
  /** The observed packets that belong to the path, in order. */
  readonly packets: readonly { readonly place: string; readonly packet: ObservedPacket }[];
  /** Absent when they agree. */
  readonly difference?: Difference;
}

const predicted: ReadonlySet<string> = new Set<TableName>(["raw", "mangle", "nat", "filter", "security"]);

/**
 * Compares the kernel's trace with a predicted path: every rule that matched, every policy, and the header at the start of
 * every table. If the prediction has several outcomes, one of them must agree.
 *
 * Compares only the namespaces in `traces`. Ignores what TRACE does not report: the end of a user-defined chain, conntrack,
 * routing, and namespaces without tables.
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

/** Options of {@link alignSteps}. */
export interface AlignOptions {
  /** Index of the outcome, for the result. Default: 0. */
  readonly outcome?: number;
  /** False if the trace contains no rules (iptables-legacy), so that only packets are compared. Default: true. */
  readonly rules?: boolean;
}

/** Like {@link alignTrace}, for the steps of one outcome, or of a packet that a host sent in response. */
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
      // No event is predicted, for example in a namespace without tables.
      if (pass.events.length === 0) continue;
      const text = `${pass.place}: the kernel reported no packet ${flowText(pass.packet)}; the prediction was ${passText(pass)}.`;
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
  /** Only for the first event of a base chain. */
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
    if (isNotCreated(expected, packet, loaded)) continue;
    while (isForeignAccept(seen[at])) at += 1;
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
  while (isForeignAccept(seen[at])) at += 1;
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
      text: `${pass.place}: the prediction ends ${lastText(pass)}, but the kernel continued: ${observed}.`,
    },
  };
}

/**
 * iptables-save prints all built-in chains of a table, but iptables-nft creates a base chain only when a rule is added to
 * it. Before that, no hook calls it and its policy is not reported.
 */
function isNotCreated(
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

/** Native nf_tables rules are not part of the prediction. They are ignored unless they drop the packet. */
function isForeignAccept(seen: Seen | undefined): boolean {
  return seen !== undefined && isForeign(seen.event) && seen.event.verdict.kind !== "DROP";
}

function isForeign({ family, table }: ChainEvent): boolean {
  return !predicted.has(table) || (family !== "ip" && family !== "ip6");
}

/** Describes how the reported event differs from the expected one. Undefined if they are equal. */
function disagreement(
  expected: ExpectedEvent,
  { event, header }: Seen,
  loaded: LoadedRules | undefined,
): string | undefined {
  const observed = observedText(event, loaded);
  if (isForeign(event)) return `native nf_tables rule ${observed}, which iptables does not show`;
  if (event.table !== expected.table || event.chain !== expected.chain || event.kind !== expected.kind) {
    return `the prediction was ${expectedText(expected)}, but the kernel reported ${observed}${whyNot(expected, event, loaded)}`;
  }
  if (event.kind === "rule" && expected.rule !== undefined) {
    const position = positionOf(event, loaded);
    const same =
      position === undefined ? sameText(event.text, expected.rule.text) : position === expected.rule.index;
    if (!same) {
      return `the prediction was ${expectedText(expected)}, but the kernel reported ${observed}${whyNot(expected, event, loaded)}`;
    }
  }
  if (expected.verdict !== undefined && verdictText(expected.verdict) !== verdictText(event.verdict)) {
    return `${expectedText(expected)} was predicted to end in ${verdictText(expected.verdict)}, but the kernel reports ${verdictText(event.verdict)}`;
  }
  const field = header === undefined ? undefined : headerDifference(header, expected);
  return field === undefined ? undefined : `before ${expected.table} ${expected.chain} ${field}`;
}

/** Whether an observed header belongs to a predicted packet: same family and addresses, and same ports if both have them. */
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
  const after = last === undefined ? "" : ` after ${last.table} ${last.chain}`;
  return {
    place: pass.place,
    table: expected.table,
    chain: expected.chain,
    expected: expectedText(expected),
    text: `${pass.place}: the prediction was ${expectedText(expected)}, but the kernel reported nothing more${after}.`,
  };
}
