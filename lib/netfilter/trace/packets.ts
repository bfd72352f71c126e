import type { Hook } from "../model";
import type { ChainEvent, TraceEvent, TraceHeader } from "./event";
import type { LoadedRules } from "./loaded";

/** One base chain that a packet went through, and what the kernel reported from it and the chains below it. */
export interface Visit {
  readonly family: string;
  readonly table: string;
  /** The base chain; where the trace began in the middle, the first chain that was seen. */
  readonly chain: string;
  readonly hook?: Hook;
  /** The header on entry; absent where the line that told it was lost. */
  readonly header?: TraceHeader;
  readonly events: readonly ChainEvent[];
}

/** One packet's way through one network namespace, from its first hook there to its last. */
export interface ObservedPacket {
  readonly id: string;
  /** On entry to the first base chain that reported it. */
  readonly header?: TraceHeader;
  readonly visits: readonly Visit[];
}

interface Growing {
  readonly id: string;
  readonly visits: (Visit & { readonly events: ChainEvent[] })[];
  /** Header of a `packet` line whose base chain is not known yet. */
  pending?: TraceHeader;
  ipId?: number;
  /** Dropped, or at the end of its last chain: nothing more of this packet can come. */
  over: boolean;
}

const hooks: readonly Hook[] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];
const stage: Readonly<Record<Hook, number>> = {
  PREROUTING: 0,
  OUTPUT: 0,
  INPUT: 1,
  FORWARD: 1,
  POSTROUTING: 2,
};

/**
 * Sorts a namespace's trace events into packets.
 *
 * The kernel's id does not do that alone: it is a hash of the buffer's address, the flow and the input device
 * (nf_tables_trace.c), so a later packet of a flow often gets the same one. A new packet begins where the id is new, where
 * the hooks begin again (or a base chain is entered twice), where the IPv4 identification changes, or after a drop.
 * A packet that goes round by `lo` is two packets here: its buffer has another id when it comes in again.
 * One that came in by a port of a bridge, where br_netfilter runs PREROUTING, has another id from there on: its input
 * device is first the port and then the bridge. It is known by its IPv4 identification.
 *
 * @param loaded - tells the hook of a chain whose name is not one of iptables' five.
 */
export function groupPackets(events: Iterable<TraceEvent>, loaded?: LoadedRules): ObservedPacket[] {
  const packets: Growing[] = [];
  const open = new Map<string, Growing>();
  const begin = (id: string): Growing => {
    const packet: Growing = { id, visits: [], over: false };
    packets.push(packet);
    open.set(id, packet);
    return packet;
  };
  const hookOf = (event: { family: string; table?: string; chain?: string }): Hook | undefined =>
    event.table === undefined || event.chain === undefined
      ? undefined
      : (loaded?.hook(event.family, event.table, event.chain) ?? hooks.find((hook) => hook === event.chain));

  for (const event of events) {
    let packet = open.get(event.id) ?? resumed(packets, event, hookOf(event));
    if (packet) open.set(event.id, packet);
    else packet = begin(event.id);
    if (event.kind === "packet") {
      const other =
        packet.ipId !== undefined && event.header.ipId !== undefined && packet.ipId !== event.header.ipId;
      if (packet.over || other || (event.chain !== undefined && !follows(packet, event, hookOf(event)))) {
        packet = begin(event.id);
      }
      if (event.header.ipId !== undefined) packet.ipId = event.header.ipId;
      if (event.table === undefined || event.chain === undefined) packet.pending = event.header;
      else enter(packet, { ...event, table: event.table, chain: event.chain }, hookOf(event), event.header);
      continue;
    }
    if (packet.pending !== undefined) {
      const header = packet.pending;
      delete packet.pending;
      if (!follows(packet, event, hookOf(event))) packet = begin(event.id);
      if (header.ipId !== undefined) packet.ipId = header.ipId;
      enter(packet, event, hookOf(event), header);
    }
    let visit = packet.visits.at(-1);
    if (visit === undefined || visit.table !== event.table || visit.family !== event.family) {
      if (packet.over || !follows(packet, event, hookOf(event))) packet = begin(event.id);
      visit = enter(packet, event, hookOf(event), undefined);
    }
    visit.events.push(event);
    if (event.verdict.kind === "DROP") packet.over = true;
  }
  return packets
    .filter(({ visits }) => visits.length > 0)
    .map(({ id, visits }) => {
      const header = visits.find((visit) => visit.header !== undefined)?.header;
      return { id, visits, ...(header === undefined ? {} : { header }) };
    });
}

/** The packet whose PREROUTING was told under another id, because a bridge took it in. */
function resumed(
  packets: readonly Growing[],
  event: TraceEvent,
  hook: Hook | undefined,
): Growing | undefined {
  if (event.kind !== "packet" || (hook !== "FORWARD" && hook !== "INPUT")) return undefined;
  const { ipId, in: device, protocol, sport } = event.header;
  if (ipId === undefined) return undefined;
  return packets.findLast((packet) => {
    const last = packet.visits.at(-1);
    if (packet.over || packet.ipId !== ipId || last?.hook !== "PREROUTING" || !last.header) return false;
    // Only the destination may have been translated between the two.
    return last.header.in === device && last.header.protocol === protocol && last.header.sport === sport;
  });
}

/** Whether a packet can enter this base chain after those it has been in. */
function follows(
  packet: Growing,
  next: { readonly family: string; readonly table?: string; readonly chain?: string },
  hook: Hook | undefined,
): boolean {
  const last = packet.visits.at(-1);
  if (last === undefined) return true;
  if (packet.over) return false;
  const again = packet.visits.some(
    (visit) => visit.family === next.family && visit.table === next.table && visit.chain === next.chain,
  );
  if (again) return false;
  const before = packet.visits.findLast((visit) => visit.hook !== undefined)?.hook;
  if (hook === undefined || before === undefined || hook === before) return true;
  return stage[hook] > stage[before];
}

function enter(
  packet: Growing,
  at: { readonly family: string; readonly table: string; readonly chain: string },
  hook: Hook | undefined,
  header: TraceHeader | undefined,
): Visit & { readonly events: ChainEvent[] } {
  const visit = {
    family: at.family,
    table: at.table,
    chain: at.chain,
    events: [],
    ...(hook === undefined ? {} : { hook }),
    ...(header === undefined ? {} : { header }),
  };
  packet.visits.push(visit);
  return visit;
}
