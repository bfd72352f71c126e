import type { SegmentKind, TcpState } from "./tcp";
import type { Direction, FlowTuple } from "./tuple";

/** A conntrack zone, and the directions it applies to (`-j CT --zone`, `--zone-orig`, `--zone-reply`). */
export interface Zone {
  readonly id: number;
  readonly from: "both" | Direction;
}

/**
 * One entry of the connection tracking table. Immutable: each change creates a new value with the same `id`.
 * The four NAT flags are those of the kernel. `srcNatDone` and `dstNatDone`: NAT was set up for this end, with or without
 * a rule. `srcNat` and `dstNat`: the tuple changed (include/uapi/linux/netfilter/nf_conntrack_common.h, IPS_*).
 */
export interface Connection {
  readonly id: number;
  readonly original: FlowTuple;
  readonly reply: FlowTuple;
  readonly zone: Zone;
  readonly mark: number;
  readonly confirmed: boolean;
  readonly seenReply: boolean;
  readonly assured: boolean;
  readonly expected: boolean;
  readonly srcNat: boolean;
  readonly dstNat: boolean;
  readonly srcNatDone: boolean;
  readonly dstNatDone: boolean;
  /** The device whose address MASQUERADE used. If a later packet leaves by another device, the entry is removed. */
  readonly masqueradeOut?: string;
  readonly helper?: string;
  readonly tcp?: TcpState;
  /** TCP: the last segment that conntrack did not consider invalid. */
  readonly tcpLast?: { readonly kind: SegmentKind; readonly direction: Direction };
  /** TCP: one end has sent a FIN. */
  readonly tcpClosing?: boolean;
  /** Only the state of the connection is known. NAT asks its rules how they may have translated the first packet. */
  readonly natUnknown?: boolean;
  /** Removed from the table while a packet still refers to it. */
  readonly dying?: boolean;
  /** When the entry was created, in seconds on the clock of the kernel state. */
  readonly since: number;
  /** When the entry expires, in seconds on the same clock. */
  readonly expires: number;
}

/** The default zone. */
export const NO_ZONE: Zone = { id: 0, from: "both" };

/** Returns the zone id of one direction; 0 if the zone does not apply to it (nf_ct_zone_id). */
export function zoneOf(zone: Zone, direction: Direction): number {
  return zone.from === "both" || zone.from === direction ? zone.id : 0;
}

/** The conntrack information of a packet (skb->_nfct): the entry, the direction, and the state for `--ctstate`. */
export interface Attached {
  readonly connection: Connection;
  readonly direction: Direction;
  readonly state: "NEW" | "ESTABLISHED" | "RELATED";
}
