import { type Connection, NO_ZONE, type Zone } from "../../conntrack/connection";
import { type FoundEntry, findEntry } from "../../conntrack/track";
import { type FlowTuple, sameTuple, tupleOf } from "../../conntrack/tuple";
import { type Match, unknownCondition } from "../../model";
import { masked, textOf } from "../../routing/address";
import { type Answer, decide, type EvaluationContext } from "../evaluation";
import type { HookState } from "../hook-state";
import type { Counted, CountedList } from "../state";
import { maskBits } from "./counting";
import type { Ask } from "./header";

/** Seconds after which the kernel's clock has ticked for certain (a jiffy, at HZ=100 the longest). */
const TICK = 0.01;
/** Entries that may come unseen before the list is gone through in any case (CONNCOUNT_GC_MAX_COLLECT). */
const UNSEEN = 64;

/** The connection of a packet, with what conntrack knows of it: nothing yet, that it is there, that it lasts (ASSURED). */
interface Own extends Counted {
  readonly known: "new" | "confirmed" | "assured";
}

const knownOf = (connection: Connection | undefined): Own["known"] => {
  if (connection?.confirmed !== true) return "new";
  return connection.assured ? "assured" : "confirmed";
};

/** The connection of the packet as nf_conncount.c keeps it. */
function ownOf(hookState: HookState, evaluation: EvaluationContext, zone: Zone): Own {
  const own = hookState.ct?.connection;
  if (own !== undefined) return { tuple: own.original, zone, known: knownOf(own) };
  // In raw, and for what is not tracked, the packet's own addresses stand for the connection.
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

const find = (evaluation: EvaluationContext, { tuple, zone }: Counted): FoundEntry | undefined =>
  findEntry(evaluation.state.conntrack, tuple, { zone, now: evaluation.state.now });

function isOver(evaluation: EvaluationContext, entry: Counted): boolean {
  const tcp = find(evaluation, entry)?.connection;
  return tcp === undefined || tcp.tcp === "TIME_WAIT" || tcp.tcp === "CLOSE";
}

/** The list after a clean-up: what has ended, or was never confirmed, is taken off (nf_conncount_gc_list). */
function cleaned(list: CountedList, evaluation: EvaluationContext): CountedList {
  const entries = list.entries.filter((entry) => !isOver(evaluation, entry));
  return { entries, cleanedAt: evaluation.state.now, cleanedCount: entries.length };
}

/** The list gone through for this connection: not added where it is there already (__nf_conncount_add). */
function searched(list: CountedList, own: Counted, evaluation: EvaluationContext): CountedList {
  const kept: Counted[] = [];
  for (const [at, entry] of list.entries.entries()) {
    if (sameTuple(entry.tuple, own.tuple) && find(evaluation, entry) !== undefined)
      return { ...list, entries: [...kept, ...list.entries.slice(at)] };
    if (!isOver(evaluation, entry)) kept.push(entry);
  }
  return { entries: [...kept, own], cleanedAt: evaluation.state.now, cleanedCount: kept.length };
}

/**
 * What a look at the list leaves of it. The kernel goes through a list once in a tick of its clock: within the same tick
 * nothing is taken off, and a connection that is not confirmed yet is counted once more. Whether the clock has ticked is
 * not known where the packet comes at the same time as the last; both are followed where it matters.
 */
function looked(list: CountedList, own: Own, evaluation: EvaluationContext, key: string): CountedList {
  const entry = { tuple: own.tuple, zone: own.zone };
  // One that lasts is never added; one that is confirmed is looked for in any case, so that it is not added twice.
  const lasts = own.known === "assured";
  const ticked = lasts ? cleaned(list, evaluation) : searched(list, entry, evaluation);
  const crowded = list.entries.length - list.cleanedCount >= UNSEEN;
  if (own.known === "confirmed" || (!lasts && crowded) || evaluation.state.now - list.cleanedAt >= TICK)
    return ticked;
  const same = lasts ? list : { ...list, entries: [...list.entries, entry] };
  if (ticked.entries.length === same.entries.length) return same;
  const question = unknownCondition(
    `connlimit ${key} ${list.entries.length}`,
    "connlimit looks at its list twice within one tick of the kernel's clock: what has ended is still on it, and a connection that is not confirmed counts again",
    "the kernel's clock ticks before connlimit looks at its list again: what has ended is taken off",
  );
  return decide(question, evaluation) ? same : ticked;
}

/**
 * xt_connlimit.c, nf_conncount.c: how many connections of one address (or network) this rule has seen that still live.
 * A rule that counts none, because the packet ends the only one, drops the packet by itself.
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
        : looked(before, own, evaluation, key);
    evaluation.state = { ...evaluation.state, connlimit: evaluation.state.connlimit.with(key, list) };
    if (list.entries.length === 0) return "hotdrop";
    return list.entries.length > match.above !== match.inverted;
  };
}
