import type { Packet, TcpFlag } from "../model";
import { type Attached, type Connection, type Zone, zoneOf } from "./connection";
import { ICMP, ICMPV6, isIcmp, TCP, UDP, UDPLITE } from "./protocol";
import type { ConntrackTable } from "./table";
import { nextTcpState, segmentKind, TCP_TIMEOUTS, type TcpState, validTcpFlags } from "./tcp";
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

/** Inputs of conntrack besides the packet: from the CT target of the raw table, and sysctls. */
export interface TrackOptions {
  readonly zone: Zone;
  readonly helper?: string;
  /** In seconds on the clock of the kernel state. */
  readonly now: number;
  /** nf_conntrack_tcp_loose: whether a segment in the middle of an unknown connection creates an entry. */
  readonly loose: () => boolean;
}

/** The result of a conntrack lookup. */
export interface Tracked {
  readonly table: ConntrackTable;
  /** Absent if the packet is INVALID or untracked. */
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

/** Looks up or creates the entry of a packet in PREROUTING or OUTPUT (nf_conntrack_core.c, nf_conntrack_in). */
export function track(table: ConntrackTable, packet: Packet, options: TrackOptions): Tracked {
  const tuple = tupleOf(packet);
  const protocol = tuple?.protocol ?? (packet.family === "ipv6" ? ICMPV6 : ICMP);
  if (isIcmp(protocol) && packet.icmp !== undefined) {
    const { type } = packet.icmp;
    if (protocol === ICMPV6 && UNTRACKED6.includes(type))
      return { table, untracked: true, text: "neighbour discovery is not tracked" };
    if (ERROR_TYPES[protocol]?.(type) === true) return trackError(table, packet, options);
  }
  if (tuple === undefined)
    return { table, text: "conntrack does not know this type of ICMP message: INVALID" };
  if (protocol === TCP && !validTcpFlags(flagsOf(packet)))
    return {
      table,
      text: `invalid combination of TCP flags (${flagsOf(packet).join(",") || "none"}): INVALID`,
    };
  const found = findEntry(table, tuple, options);
  if (found === undefined) return open(table, packet, tuple, options);
  return protocol === TCP ? trackTcp(table, packet, found, tuple, options) : follow(table, found, options);
}

/** An entry, and the direction whose tuple was found. */
export interface FoundEntry {
  readonly connection: Connection;
  readonly direction: Direction;
}

/** Finds the entry that a packet with this tuple in this zone belongs to (nf_conntrack_find_get). */
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

/** An ICMP error is RELATED to the connection of the packet embedded in it (nf_conntrack_inet_error). */
function trackError(table: ConntrackTable, packet: Packet, options: TrackOptions): Tracked {
  const inner = packet.icmp?.about === undefined ? undefined : tupleOf(packet.icmp.about);
  const found = inner === undefined ? undefined : findEntry(table, invert(inner), options);
  if (found === undefined) return { table, text: "an ICMP error about an unknown connection: INVALID" };
  // Conntrack ignores an error that is not addressed to the sender of the packet it is about (nf_conntrack_inet_error).
  // `found` is the reply direction of that packet, so its destination is the sender.
  if (found.connection[found.direction].dst !== packet.dst)
    return {
      table,
      text: "an ICMP error that is not addressed to the sender of the packet it is about: INVALID",
    };
  const { connection, direction } = found;
  return {
    table,
    attached: { connection, direction, state: "RELATED" },
    text: `an ICMP error about ${tupleText(connection.original)}: RELATED`,
  };
}

/** Creates an entry for the first packet of a connection (nf_conntrack_core.c, init_conntrack). */
function open(table: ConntrackTable, packet: Packet, tuple: FlowTuple, options: TrackOptions): Tracked {
  const flags = flagsOf(packet);
  let tcp: TcpState | undefined;
  if (tuple.protocol === TCP) {
    const next = nextTcpState("NONE", "original", flags);
    if (next === "invalid" || next === "ignored")
      return { table, text: `${flags.join(",")} cannot open a connection: INVALID` };
    if (next === "ESTABLISHED" && !options.loose())
      return {
        table,
        text: "a segment in the middle of an unknown connection (nf_conntrack_tcp_loose = 0): INVALID",
      };
    tcp = next;
  }
  if (isIcmp(tuple.protocol) && packet.icmp !== undefined && !opensIcmp(tuple.protocol, packet.icmp.type))
    return { table, text: "an ICMP reply without a request: INVALID" };
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

/** The default timeouts in seconds (Documentation/networking/nf_conntrack-sysctl.rst). */
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
 * Whether the entry becomes ASSURED: TCP if it has seen a reply and was established before this segment, UDP if it has
 * seen a reply and is older than two seconds. Entries of other protocols never do (nf_conntrack_proto_*.c).
 */
function becomesAssured(connection: Connection, options: TrackOptions, tcp: TcpState | undefined): boolean {
  if (!connection.seenReply) return false;
  const { protocol } = connection.original;
  if (protocol === UDP) return options.now > connection.since + 2;
  return tcp === "ESTABLISHED" && (connection.tcp === "SYN_RECV" || connection.tcp === "ESTABLISHED");
}

/** Updates the entry of a known connection. `ignored`: TCP changes neither its state nor when it expires. */
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
    expires: ignored
      ? found.connection.expires
      : options.now + timeout(found.connection.original.protocol, tcp, assured),
  };
  const state = stateOf(found);
  const subject = direction === "reply" ? "the reply of" : "another packet of";
  return {
    table: table.with(connection),
    attached: { connection, direction, state },
    text: `${subject} ${tupleText(connection.original)}: ${state}`,
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
  const kind = segmentKind(flags);
  const last = connection.tcpLast;
  const passed: Connection = { ...connection, tcpLast: { kind, direction } };
  // RFC 1122: a SYN may reopen a closed connection. The kernel then replaces the entry, but only if one end has sent a
  // FIN, or the sender of the SYN has sent a RST (nf_conntrack_tcp_packet).
  const reopens = next === "SYN_SENT" && (before === "TIME_WAIT" || before === "CLOSE");
  if (reopens && (connection.tcpClosing === true || (last?.kind === "rst" && last.direction === direction)))
    return open(table.without(connection), packet, tuple, options);
  // A SYN that conntrack ignored is answered: both ends are in sync, and conntrack follows them.
  if (next === "ignored" && kind === "synack" && last?.kind === "syn" && last.direction !== direction)
    return follow(table, { direction, connection: { ...passed, tcpClosing: false } }, options, "SYN_RECV");
  if (reopens || next === "ignored")
    return follow(table, { direction, connection: passed }, options, before, true);
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
  return follow(table, { direction, connection: { ...passed, ...closing } }, options, next);
}

/** Whether another connection has this tuple (nf_conntrack_tuple_taken). */
export function isTaken(
  table: ConntrackTable,
  tuple: FlowTuple,
  own: Connection,
  direction: Direction,
  now: number,
): boolean {
  // If a port is unknown, the kernel chose a random free one. So no other connection has this tuple.
  if (tuple.sport === undefined || tuple.dport === undefined) return false;
  const found = table.find(tuple, zoneOf(own.zone, direction), now);
  if (found === undefined || found.connection.id === own.id) return false;
  // nf_ct_key_equal compares the zones of the direction that was found, which may differ from the requested one.
  if (zoneOf(found.connection.zone, found.direction) !== zoneOf(own.zone, found.direction)) return false;
  // Two packets of the same flow before it is confirmed do not clash. In another zone, it is another flow.
  const keyOf = ({ original, zone }: Connection): string => tupleKey(original, zoneOf(zone, "original"));
  return keyOf(found.connection) !== keyOf(own);
}

/**
 * Whether a tuple that NAT does not need to change is used by another connection (nf_nat_core.c,
 * nf_nat_used_tuple_new). Exception: a UDP packet that looks like the reply to a connection without NAT keeps its tuple.
 * The clash is then resolved when the entry is confirmed.
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
