import type { Snapshot } from "../../../inspect/snapshot";
import { NO_ZONE, type Zone } from "../../conntrack/connection";
import { LayeredMap } from "../../conntrack/layers";
import { hasPorts, isIcmp, protocolNumberOf } from "../../conntrack/protocol";
import { ConntrackTable } from "../../conntrack/table";
import type { FlowTuple } from "../../conntrack/tuple";

/** A token bucket (limit, hashlimit): credit in tenths of a millisecond, and the time of its last update in seconds. */
export interface Bucket {
  readonly credit: number;
  readonly at: number;
}

/** An address in a list of the recent match: when it was seen, in seconds, and its TTL. */
interface Recent {
  readonly stamps: readonly number[];
  readonly ttl: number;
}

/** A connection in the list of a connlimit rule. */
export interface Counted {
  readonly tuple: FlowTuple;
  readonly zone: Zone;
}

/** The connections of one address that a connlimit rule has counted, and when and with which result it was last cleaned up. */
export interface CountedList {
  readonly entries: readonly Counted[];
  readonly cleanedAt: number;
  readonly cleanedCount: number;
}

/**
 * The state of a network namespace that packets change: connections, and counters of matches. Immutable. Each outcome of
 * a traversal contains the state after the packet, from which the next packet starts.
 *
 * @example
 * import { journey, type KernelState, worldOf } from "wirebook";
 *
 * const world = worldOf([{ place: "client", links: [], routes: [] }]);
 * const packet = {
 *   family: "ipv4", src: "192.0.2.1", dst: "127.0.0.1", protocol: "udp", sport: 5000, dport: 53,
 *   ttl: 64, tos: 0, length: 60, mark: 0,
 * } as const;
 * const [outcome] = journey(world, "client", packet, { in: "eth0" }).outcomes;
 * const state: KernelState | undefined = outcome?.state.get("client"); // for the next packet
 * console.log(state?.now);
 */
export interface KernelState {
  /** Time in seconds, at which buckets fill and entries expire. Only differences matter. */
  readonly now: number;
  readonly conntrack: ConntrackTable;
  /** Number of evaluations of each `statistic --mode nth` condition, by rule and position. */
  readonly nth: LayeredMap<number>;
  /** By rule, or by hashlimit table and key. */
  readonly buckets: LayeredMap<Bucket>;
  /** By list name and address. */
  readonly recent: LayeredMap<Recent>;
  /** Connections that connlimit rules have counted, by rule, zone and address. */
  readonly connlimit: LayeredMap<CountedList>;
  /** Changes by SET targets: whether a member is present, by set and member. */
  readonly sets: LayeredMap<boolean>;
}

/** The state of a namespace without any traffic so far. */
export const FRESH: KernelState = {
  now: 0,
  conntrack: ConntrackTable.empty,
  nth: new LayeredMap(),
  buckets: new LayeredMap(),
  recent: new LayeredMap(),
  connlimit: new LayeredMap(),
  sets: new LayeredMap(),
};

/** Returns the state some seconds later. */
export function later(state: KernelState, seconds: number): KernelState {
  return { ...state, now: state.now + seconds };
}

/** Creates a state from the conntrack list of a snapshot. Counters of matches are not in a snapshot and start at zero. */
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
