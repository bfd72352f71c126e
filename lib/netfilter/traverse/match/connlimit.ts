import { type Connection, NO_ZONE, type Zone, zoneOf } from "../../conntrack/connection";
import { type FoundEntry, findEntry } from "../../conntrack/track";
import { type FlowTuple, sameTuple, tupleOf } from "../../conntrack/tuple";
import { type Match, unknownCondition } from "../../model";
import { masked, textOf } from "../../routing/address";
import { type Answer, decide } from "../state/answer";
import type { Evaluation } from "../state/evaluation";
import type { HookState } from "../state/hook-state";
import type { Counted, CountedList } from "../state/kernel-state";
import { maskBits } from "./counting";
import type { Ask } from "./header";

/** The longest possible jiffy in seconds (HZ=100). After this time, the kernel's clock has certainly advanced. */
const JIFFY_SECONDS = 0.01;
/** After this many new entries, the list is cleaned up even within the same jiffy (CONNCOUNT_GC_MAX_COLLECT). */
const MAX_NEW_ENTRIES = 64;

/** The connection of a packet, and the status of its conntrack entry. */
interface Own extends Counted {
  readonly known: "new" | "confirmed" | "assured";
}

const knownOf = (connection: Connection | undefined): Own["known"] => {
  if (connection?.confirmed !== true) return "new";
  return connection.assured ? "assured" : "confirmed";
};

/** The connection of the packet as stored by nf_conncount.c. */
function ownOf(hookState: HookState, evaluation: Evaluation, zone: Zone): Own {
  const own = hookState.ct?.connection;
  if (own !== undefined) return { tuple: own.original, zone, known: knownOf(own) };
  // In the raw table and for untracked packets, the tuple comes from the packet header.
  const { src, dst, icmp } = hookState.packet;
  const bare: FlowTuple = {
    protocol: hookState.protocol ?? 255,
    src,
    dst,
    sport: icmp?.id ?? 0,
    dport: (icmp?.type ?? 0) * 256,
  };
  const tuple = tupleOf(hookState.packet) ?? bare;
  return { tuple, zone, known: knownOf(find(evaluation, { tuple, zone })?.connection) };
}

const find = (evaluation: Evaluation, { tuple, zone }: Counted): FoundEntry | undefined =>
  findEntry(evaluation.state.conntrack, tuple, { zone, now: evaluation.state.now });

function hasEnded(evaluation: Evaluation, entry: Counted): boolean {
  const tcp = find(evaluation, entry)?.connection;
  return tcp === undefined || tcp.tcp === "TIME_WAIT" || tcp.tcp === "CLOSE";
}

/** Removes connections that have ended or were never confirmed (nf_conncount_gc_list). */
function cleaned(list: CountedList, evaluation: Evaluation): CountedList {
  const entries = list.entries.filter((entry) => !hasEnded(evaluation, entry));
  return { entries, cleanedAt: evaluation.state.now, cleanedCount: entries.length };
}

/** Cleans up the list and adds the connection if it is not there yet (__nf_conncount_add). */
function cleanedAndAdded(list: CountedList, own: Counted, evaluation: Evaluation): CountedList {
  const kept: Counted[] = [];
  for (const [at, entry] of list.entries.entries()) {
    const found = sameTuple(entry.tuple, own.tuple) ? find(evaluation, entry) : undefined;
    // The zones are compared in the original direction, also if the entry has the tuple of the reply direction.
    if (found !== undefined && zoneOf(found.connection.zone, "original") === zoneOf(own.zone, "original"))
      return { ...list, entries: [...kept, ...list.entries.slice(at)] };
    if (!hasEnded(evaluation, entry)) kept.push(entry);
  }
  return { entries: [...kept, own], cleanedAt: evaluation.state.now, cleanedCount: kept.length };
}

/**
 * The list after counting a packet. The kernel cleans up a list at most once per jiffy. Within the same jiffy, it removes
 * nothing and counts an unconfirmed connection again. If two packets have the same time, it is unknown whether they are
 * in the same jiffy; both cases are followed if the result differs.
 */
function counted(list: CountedList, own: Own, evaluation: Evaluation, key: string): CountedList {
  const entry = { tuple: own.tuple, zone: own.zone };
  // An assured connection is never added. A confirmed one is searched for in any case, so that it is not added twice.
  const assured = own.known === "assured";
  const ticked = assured ? cleaned(list, evaluation) : cleanedAndAdded(list, entry, evaluation);
  const crowded = list.entries.length - list.cleanedCount >= MAX_NEW_ENTRIES;
  if (
    own.known === "confirmed" ||
    (!assured && crowded) ||
    evaluation.state.now - list.cleanedAt >= JIFFY_SECONDS
  )
    return ticked;
  const same = assured ? list : { ...list, entries: [...list.entries, entry] };
  if (ticked.entries.length === same.entries.length) return same;
  const question = unknownCondition(
    `connlimit ${key} ${list.entries.length}`,
    "both packets reach connlimit within one tick of the kernel's clock: its list still contains connections that have ended, and counts an unconfirmed one again",
    "the kernel's clock ticks between both packets: connlimit removes connections that have ended from its list",
  );
  return decide(question, evaluation) ? same : ticked;
}

/**
 * `-m connlimit`: counts the open connections of an address or network that this rule has seen (xt_connlimit.c,
 * nf_conncount.c). If the count is 0, because the packet ends the only connection, the match drops the packet.
 */
export function connlimit(match: Extract<Match, { kind: "connlimit" }>, id: string): Ask {
  return (hookState, evaluation): Answer => {
    const words = match.side === "source" ? hookState.src : hookState.dst;
    if (words === undefined)
      return unknownCondition(
        `connlimit ${id}`,
        "the connection limit matches",
        "the connection limit does not match",
      );
    const zone = hookState.ct?.connection.zone ?? hookState.template?.zone ?? NO_ZONE;
    const network = textOf(masked(words, maskBits(match.mask, words.length)));
    const key = `${id} ${zone.id} ${network}`;
    const own = ownOf(hookState, evaluation, zone);
    const before = evaluation.state.connlimit.get(key);
    const list =
      before === undefined
        ? { entries: [{ tuple: own.tuple, zone }], cleanedAt: evaluation.state.now, cleanedCount: 0 }
        : counted(before, own, evaluation, key);
    evaluation.state = { ...evaluation.state, connlimit: evaluation.state.connlimit.with(key, list) };
    if (list.entries.length === 0) return "hotdrop";
    return list.entries.length > match.above !== match.inverted;
  };
}
