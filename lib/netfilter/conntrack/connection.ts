import type { TcpState } from "./tcp";
import type { Direction, FlowTuple } from "./tuple";

/** A conntrack zone and the directions whose tuples it is part of (`CT --zone`, `--zone-orig`, `--zone-reply`). */
export interface Zone {
  readonly id: number;
  readonly from: "both" | Direction;
}

/**
 * One entry of the connection table. Never changed in place: each change is a new value with the same `id`.
 * The four NAT flags are the kernel's: `*NatDone` says that the rules were asked (or would have been), `srcNat` and
 * `dstNat` that the tuple really changed (include/uapi/linux/netfilter/nf_conntrack_common.h, IPS_*).
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
  /** Device whose address MASQUERADE took: the entry dies when a later packet leaves by another one. */
  readonly masqueradeOut?: string;
  readonly helper?: string;
  readonly tcp?: TcpState;
  /** TCP: the direction of the last segment, where that was a RST; and whether one end has begun to close. */
  readonly tcpReset?: Direction;
  readonly tcpClosing?: boolean;
  /** Removed from the table while a packet still carries it. */
  readonly dying?: boolean;
  /** When it was made, and when it will be forgotten: seconds on the state's clock. */
  readonly since: number;
  readonly expires: number;
}

export const NO_ZONE: Zone = { id: 0, from: "both" };

/** The zone that is part of the key of one direction. */
export function zoneOf(zone: Zone, direction: Direction): number {
  return zone.from === "both" || zone.from === direction ? zone.id : 0;
}

/** What conntrack attached to a packet: the entry, the direction, and what `--ctstate` calls it. */
export interface Attached {
  readonly connection: Connection;
  readonly direction: Direction;
  readonly state: "NEW" | "ESTABLISHED" | "RELATED";
}
