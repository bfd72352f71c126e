import type { Snapshot } from "../../inspect/snapshot";
import { NO_ZONE, type Zone } from "../conntrack/connection";
import { LayeredMap } from "../conntrack/layers";
import { hasPorts, isIcmp, protocolNumberOf } from "../conntrack/protocol";
import { ConntrackTable } from "../conntrack/table";
import type { FlowTuple } from "../conntrack/tuple";

/** A token bucket (limit, hashlimit): credit in tenths of a millisecond, and when it was last counted. */
export interface Bucket {
  readonly credit: number;
  readonly at: number;
}

/** One address that the recent match remembers: when it was seen (seconds), and the TTL it had. */
export interface Recent {
  readonly stamps: readonly number[];
  readonly ttl: number;
}

/** A connection as a connlimit rule keeps it. */
export interface Counted {
  readonly tuple: FlowTuple;
  readonly zone: Zone;
}

/** The connections of one address that a connlimit rule has seen, when they were last gone through, and how many were left. */
export interface CountedList {
  readonly entries: readonly Counted[];
  readonly cleanedAt: number;
  readonly cleanedCount: number;
}

/**
 * Everything that packets change in one network namespace: connections, and what single rules count. Immutable;
 * each outcome of a traversal carries the state after it, and the next packet starts from there.
 */
export interface KernelState {
  /** Seconds. Only differences matter: buckets fill and entries expire by it. */
  readonly now: number;
  readonly conntrack: ConntrackTable;
  /** Times that a `statistic --mode nth` condition was asked, by rule and position. */
  readonly nth: LayeredMap<number>;
  readonly buckets: LayeredMap<Bucket>;
  /** By list name and address. */
  readonly recent: LayeredMap<Recent>;
  /** Connections that a connlimit rule has seen, by rule, zone and address. */
  readonly connlimit: LayeredMap<CountedList>;
  /** Changes that SET targets made, by set and member: present or not. */
  readonly sets: LayeredMap<boolean>;
}

/** A namespace that has seen no packet. */
export const FRESH: KernelState = {
  now: 0,
  conntrack: ConntrackTable.empty,
  nth: new LayeredMap(),
  buckets: new LayeredMap(),
  recent: new LayeredMap(),
  connlimit: new LayeredMap(),
  sets: new LayeredMap(),
};

/** The same state some seconds later. */
export function later(state: KernelState, seconds: number): KernelState {
  return { ...state, now: state.now + seconds };
}

/** The state that a snapshot's conntrack list describes; what rules have counted is not in it. */
export function stateOf(snapshot: Snapshot): KernelState {
  let table = ConntrackTable.empty;
  for (const entry of snapshot.conntrack ?? []) {
    const protocol = protocolNumberOf(entry.protocol);
    if (protocol === undefined) continue;
    const tuple = (end: (typeof entry)["original"]): FlowTuple => ({
      protocol,
      src: end.src,
      dst: end.dst,
      ...(end.sport === undefined ? {} : { sport: end.sport }),
      ...(end.dport === undefined ? {} : { dport: end.dport }),
      ...(hasPorts(protocol) || isIcmp(protocol) ? {} : { sport: 0, dport: 0 }),
    });
    const original = tuple(entry.original);
    const reply = tuple(entry.reply);
    table = table.with({
      id: table.nextId,
      original,
      reply,
      zone: { ...NO_ZONE, id: entry.zone },
      mark: entry.mark,
      confirmed: true,
      seenReply: !entry.unreplied,
      assured: entry.assured,
      expected: false,
      srcNat: reply.dst !== original.src || reply.dport !== original.sport,
      dstNat: reply.src !== original.dst || reply.sport !== original.dport,
      srcNatDone: true,
      dstNatDone: true,
      ...(protocol === 6 ? { tcp: entry.unreplied ? ("SYN_SENT" as const) : ("ESTABLISHED" as const) } : {}),
      since: 0,
      expires: entry.timeoutSeconds ?? 600,
    });
  }
  return { ...FRESH, conntrack: table };
}
