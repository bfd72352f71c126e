import type { Packet, TcpFlag } from "../model";
import { type Attached, type Connection, type Zone, zoneOf } from "./connection";
import { ICMP, ICMPV6, isIcmp, TCP, UDP, UDPLITE } from "./protocol";
import type { ConntrackTable } from "./table";
import { nextTcpState, TCP_TIMEOUTS, type TcpState, validTcpFlags } from "./tcp";
import {
  type Direction,
  type FlowTuple,
  invert,
  opensIcmp,
  sameTuple,
  tupleKey,
  tupleOf,
  tupleText,
} from "./tuple";

/** What raw's CT target and the namespace's sysctls give conntrack beside the packet. */
export interface TrackOptions {
  readonly zone: Zone;
  readonly helper?: string;
  readonly now: number;
  /** nf_conntrack_tcp_loose: whether a segment in the middle of a connection opens an entry. */
  readonly loose: () => boolean;
}

export interface Tracked {
  readonly table: ConntrackTable;
  /** Absent: INVALID, or untracked. */
  readonly attached?: Attached;
  readonly untracked?: boolean;
  readonly text: string;
}

const ERROR_TYPES: Readonly<Record<number, (type: number) => boolean>> = {
  [ICMP]: (type) => [3, 4, 5, 11, 12].includes(type),
  [ICMPV6]: (type) => type < 128,
};

/** Neighbour discovery and multicast listener messages are never tracked (nf_conntrack_proto_icmpv6.c). */
const UNTRACKED6 = [130, 131, 132, 133, 134, 135, 136, 137, 143];

const flagsOf = (packet: Packet): readonly TcpFlag[] => packet.tcpFlags ?? ["SYN"];

/** What conntrack does with a packet at PREROUTING or OUTPUT (nf_conntrack_core.c, nf_conntrack_in). */
export function track(table: ConntrackTable, packet: Packet, options: TrackOptions): Tracked {
  const tuple = tupleOf(packet);
  const protocol = tuple?.protocol ?? (packet.family === "ipv6" ? ICMPV6 : ICMP);
  if (isIcmp(protocol) && packet.icmp !== undefined) {
    const { type } = packet.icmp;
    if (protocol === ICMPV6 && UNTRACKED6.includes(type))
      return { table, untracked: true, text: "neighbour discovery is not tracked" };
    if (ERROR_TYPES[protocol]?.(type) === true) return trackError(table, packet, options);
  }
  if (tuple === undefined) return { table, text: "not a message that conntrack knows: INVALID" };
  if (protocol === TCP && !validTcpFlags(flagsOf(packet)))
    return { table, text: `no TCP segment has the flags ${flagsOf(packet).join(",") || "none"}: INVALID` };
  const found = findEntry(table, tuple, options);
  if (found === undefined) return open(table, packet, tuple, options);
  return protocol === TCP ? trackTcp(table, packet, found, tuple, options) : follow(table, found, options);
}

/** An entry and the direction in which it was found. */
export interface FoundEntry {
  readonly connection: Connection;
  readonly direction: Direction;
}

/** The live entry that a packet with this tuple in this zone belongs to (nf_conntrack_find_get). */
export function findEntry(
  table: ConntrackTable,
  tuple: FlowTuple,
  { zone, now }: Pick<TrackOptions, "zone" | "now">,
): FoundEntry | undefined {
  for (const direction of ["original", "reply"] as const) {
    const found = table.find(tuple, zoneOf(zone, direction), now);
    if (found === undefined) continue;
    if (zoneOf(found.connection.zone, found.direction) === zoneOf(zone, found.direction)) return found;
  }
  return undefined;
}

/** An ICMP error belongs to the connection of the packet that it carries. */
function trackError(table: ConntrackTable, packet: Packet, options: TrackOptions): Tracked {
  const inner = packet.icmp?.about === undefined ? undefined : tupleOf(packet.icmp.about);
  const found = inner === undefined ? undefined : findEntry(table, invert(inner), options);
  if (found === undefined) return { table, text: "an error about no connection that is known: INVALID" };
  // The error must come back to where the packet came from.
  if (found.connection[found.direction].dst !== packet.dst)
    return { table, text: "an error about a connection of somebody else: INVALID" };
  const { connection, direction } = found;
  return {
    table,
    attached: { connection, direction, state: "RELATED" },
    text: `an error about ${tupleText(connection.original)}: RELATED`,
  };
}

function open(table: ConntrackTable, packet: Packet, tuple: FlowTuple, options: TrackOptions): Tracked {
  const flags = flagsOf(packet);
  let tcp: TcpState | undefined;
  if (tuple.protocol === TCP) {
    const next = nextTcpState("NONE", "original", flags);
    if (next === "invalid" || next === "ignored")
      return { table, text: `${flags.join(",")} opens no connection: INVALID` };
    if (next === "ESTABLISHED" && !options.loose())
      return {
        table,
        text: "a segment in the middle of an unknown connection (nf_conntrack_tcp_loose = 0): INVALID",
      };
    tcp = next;
  }
  if (isIcmp(tuple.protocol) && packet.icmp !== undefined && !opensIcmp(tuple.protocol, packet.icmp.type))
    return { table, text: "an answer that nobody asked for: INVALID" };
  const connection: Connection = {
    id: table.nextId,
    original: tuple,
    reply: invert(tuple),
    zone: options.zone,
    mark: 0,
    confirmed: false,
    seenReply: false,
    assured: false,
    expected: false,
    srcNat: false,
    dstNat: false,
    srcNatDone: false,
    dstNatDone: false,
    ...(options.helper === undefined ? {} : { helper: options.helper }),
    ...(tcp === undefined ? {} : { tcp }),
    since: options.now,
    expires: options.now + timeout(tuple.protocol, tcp, false),
  };
  const zone = options.zone.id === 0 ? "" : ` in zone ${options.zone.id}`;
  return {
    table,
    attached: { connection, direction: "original", state: "NEW" },
    text: `new connection ${tupleText(tuple)}${zone}`,
  };
}

function timeout(protocol: number, tcp: TcpState | undefined, stream: boolean): number {
  if (tcp !== undefined) return TCP_TIMEOUTS[tcp];
  if (protocol === UDP) return stream ? 120 : 30;
  return isIcmp(protocol) ? 30 : 600;
}

function stateOf({ connection, direction }: FoundEntry): Attached["state"] {
  if (direction === "reply" || connection.seenReply) return "ESTABLISHED";
  return connection.expected ? "RELATED" : "NEW";
}

/**
 * Whether the entry may be called ASSURED now: TCP that was answered and has been established before this segment, UDP
 * that is answered and lasts more than two seconds. Other protocols never are (nf_conntrack_proto_*.c).
 */
function becomesAssured(connection: Connection, options: TrackOptions, tcp: TcpState | undefined): boolean {
  if (!connection.seenReply) return false;
  const { protocol } = connection.original;
  if (protocol === UDP) return options.now > connection.since + 2;
  return tcp === "ESTABLISHED" && (connection.tcp === "SYN_RECV" || connection.tcp === "ESTABLISHED");
}

/** A packet of a known connection. `ignored`: TCP takes note of nothing in it. */
function follow(
  table: ConntrackTable,
  found: FoundEntry,
  options: TrackOptions,
  tcp?: TcpState,
  ignored = false,
): Tracked {
  const { direction } = found;
  const assured = found.connection.assured || (!ignored && becomesAssured(found.connection, options, tcp));
  const connection: Connection = {
    ...found.connection,
    seenReply: found.connection.seenReply || direction === "reply",
    assured,
    ...(tcp === undefined ? {} : { tcp }),
    expires: options.now + timeout(found.connection.original.protocol, tcp, assured),
  };
  const state = stateOf(found);
  const way = direction === "reply" ? "the reply of" : "another packet of";
  return {
    table: table.with(connection),
    attached: { connection, direction, state },
    text: `${way} ${tupleText(connection.original)}: ${state}`,
  };
}

function trackTcp(
  table: ConntrackTable,
  packet: Packet,
  found: FoundEntry,
  tuple: FlowTuple,
  options: TrackOptions,
): Tracked {
  const { connection, direction } = found;
  const flags = flagsOf(packet);
  const before = connection.tcp ?? "ESTABLISHED";
  const next = nextTcpState(before, direction, flags);
  if (next === "invalid")
    return {
      table,
      text: `${flags.join(",")} is not possible in ${before} (${direction} direction): INVALID`,
    };
  const last = (from: Connection): Connection => {
    const { tcpReset: _reset, ...rest } = from;
    return flags.includes("RST") ? { ...rest, tcpReset: direction } : rest;
  };
  // RFC 1122: a SYN may reopen what was closed; the old entry goes and a new one is made. That it was closed is believed
  // only where one end sent a FIN, or the SYN's own sender a RST (nf_conntrack_tcp_packet).
  const reopens = next === "SYN_SENT" && (before === "TIME_WAIT" || before === "CLOSE");
  if (reopens && (connection.tcpClosing === true || connection.tcpReset === direction))
    return open(table.without(connection), packet, tuple, options);
  if (reopens || next === "ignored")
    return follow(table, { ...found, connection: last(connection) }, options, before, true);
  if (flags.includes("RST") && !connection.seenReply) {
    const killed = {
      ...connection,
      dying: true,
      tcp: next,
      seenReply: connection.seenReply || direction === "reply",
    };
    return {
      table: table.without(connection),
      attached: { connection: killed, direction, state: stateOf(found) },
      text: `refused: the entry of ${tupleText(connection.original)} is removed`,
    };
  }
  const closing = before !== next && next === "FIN_WAIT" ? { tcpClosing: true } : {};
  return follow(table, { ...found, connection: { ...last(connection), ...closing } }, options, next);
}

/** Whether a tuple is the key of another live connection (nf_conntrack_tuple_taken). */
export function isTaken(
  table: ConntrackTable,
  tuple: FlowTuple,
  own: Connection,
  direction: Direction,
  now: number,
): boolean {
  // A port drawn at random is not known; the kernel drew a free one.
  if (tuple.sport === undefined || tuple.dport === undefined) return false;
  const found = table.find(tuple, zoneOf(own.zone, direction), now);
  if (found === undefined || found.connection.id === own.id) return false;
  // nf_ct_key_equal looks at the zones of the direction that was found, which need not be the one that is asked for.
  if (zoneOf(found.connection.zone, found.direction) !== zoneOf(own.zone, found.direction)) return false;
  // The same flow seen twice before it was confirmed is no clash; in another zone it is another flow.
  const keyOf = ({ original, zone }: Connection): string => tupleKey(original, zoneOf(zone, "original"));
  return keyOf(found.connection) !== keyOf(own);
}

/**
 * Whether NAT takes the tuple of a connection that it need not change for another's (nf_nat_core.c,
 * nf_nat_used_tuple_new): of UDP, the answer to a connection that it did not find is left as it is, and clashes later.
 */
export function isTakenAsIs(table: ConntrackTable, tuple: FlowTuple, own: Connection, now: number): boolean {
  if (!isTaken(table, invert(tuple), own, "reply", now)) return false;
  if (own.original.protocol !== UDP && own.original.protocol !== UDPLITE) return true;
  if (own.srcNat || own.dstNat) return true;
  const { zone } = own;
  const found = findEntry(table, tuple, { zone, now }) ?? findEntry(table, invert(tuple), { zone, now });
  if (found === undefined) return false;
  const { srcNat, dstNat, original } = found.connection;
  return srcNat || dstNat || !sameTuple(original, own.reply);
}
