import type { Hook } from "../../model";
import type { ChainEvent, TraceEvent, TraceHeader } from "./event";
import type { LoadedRules } from "./loaded";

/** One base chain that a packet passed, and the events of this chain and the chains that it called. */
export interface Visit {
  readonly family: string;
  readonly table: string;
  /** The base chain, or the first reported chain if tracing started in the middle. */
  readonly chain: string;
  readonly hook?: Hook;
  /** The header at the start. Absent if the event with the header was lost. */
  readonly header?: TraceHeader;
  readonly events: readonly ChainEvent[];
}

/** One pass of a packet through one network namespace, from the first hook to the last. */
export interface ObservedPacket {
  readonly id: string;
  /** The header at the first base chain that reported it. */
  readonly header?: TraceHeader;
  readonly visits: readonly Visit[];
}

interface Growing {
  readonly id: string;
  readonly visits: (Visit & { readonly events: ChainEvent[] })[];
  /** Header of a `packet` event whose base chain is not known yet. */
  pending?: TraceHeader;
  ipId?: number;
  /** The packet was dropped, so that no more events follow. */
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
 * Groups the trace events of a namespace by packet.
 *
 * The kernel's id is not sufficient for that. It is a hash of the buffer's address, the flow and the input device
 * (nf_tables_trace.c), so that a later packet of a flow often has the same id. A new packet starts if the id is new, if a
 * base chain or an earlier hook is entered again, if the IPv4 identification changes, or after a drop.
 * A packet over `lo` is grouped as two packets, because it has another id when it is received.
 * If a packet arrives on a bridge port and br_netfilter runs PREROUTING, its input device and therefore its id change from
 * the port to the bridge. The IPv4 identification connects both.
 *
 * @param loaded - provides the hook of chains that are not named like a built-in chain of iptables.
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

/** Finds the packet whose PREROUTING was reported with another id, because it arrived on a bridge port. */
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
    // Only NAT of the destination is possible in between.
    return last.header.in === device && last.header.protocol === protocol && last.header.sport === sport;
  });
}

/** Whether a packet can enter this base chain after the previous ones. */
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
