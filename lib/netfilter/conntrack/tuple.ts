import type { Packet } from "../model";
import { hasPorts, ICMP, ICMPV6, isIcmp, protocolNumberOf } from "./protocol";

/** The direction of a packet in its connection. `original` is the direction of the first packet. */
export type Direction = "original" | "reply";

/**
 * The tuple of one direction of a connection (struct nf_conntrack_tuple). For ICMP, `sport` is the identifier and
 * `dport` is 256 * type + code. An unknown port is undefined.
 */
export interface FlowTuple {
  readonly protocol: number;
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
}

/** ICMP types of requests and their replies (nf_conntrack_proto_icmp.c, invmap; nf_conntrack_proto_icmpv6.c). */
const ANSWERS: Readonly<Record<number, Readonly<Record<number, number>>>> = {
  [ICMP]: { 8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 17: 18, 18: 17 },
  [ICMPV6]: { 128: 129, 129: 128, 139: 140, 140: 139 },
};

/** ICMP requests that create an entry. Other types without an entry are INVALID. */
const OPENING: Readonly<Record<number, readonly number[]>> = {
  [ICMP]: [8, 13, 15, 17],
  [ICMPV6]: [128, 139],
};

/** Whether an ICMP message of this type may create an entry. */
export function opensIcmp(protocol: number, type: number): boolean {
  return OPENING[protocol]?.includes(type) ?? false;
}

/** Returns the tuple of a packet; undefined for ICMP types that conntrack does not know. */
export function tupleOf(packet: Packet): FlowTuple | undefined {
  const protocol = protocolNumberOf(packet.protocol) ?? 255;
  const ends = { protocol, src: packet.src, dst: packet.dst };
  if (isIcmp(protocol)) {
    if (packet.icmp === undefined) return ends;
    if (ANSWERS[protocol]?.[packet.icmp.type] === undefined) return undefined;
    return { ...ends, sport: packet.icmp.id ?? 0, dport: packet.icmp.type * 256 + packet.icmp.code };
  }
  if (!hasPorts(protocol)) return { ...ends, sport: 0, dport: 0 };
  return {
    ...ends,
    ...(packet.sport === undefined ? {} : { sport: packet.sport }),
    ...(packet.dport === undefined ? {} : { dport: packet.dport }),
  };
}

/** Returns the tuple of the reply (nf_ct_invert_tuple). */
export function invert(tuple: FlowTuple): FlowTuple {
  if (isIcmp(tuple.protocol)) {
    const type = (tuple.dport ?? 0) >> 8;
    const answer = ANSWERS[tuple.protocol]?.[type] ?? type;
    return { ...tuple, src: tuple.dst, dst: tuple.src, dport: answer * 256 + ((tuple.dport ?? 0) & 255) };
  }
  return {
    protocol: tuple.protocol,
    src: tuple.dst,
    dst: tuple.src,
    ...(tuple.dport === undefined ? {} : { sport: tuple.dport }),
    ...(tuple.sport === undefined ? {} : { dport: tuple.sport }),
  };
}

/** Key of a tuple in the connection table. */
export function tupleKey(tuple: FlowTuple, zone: number): string {
  return `${zone}|${tuple.protocol}|${tuple.src}|${tuple.sport ?? "?"}|${tuple.dst}|${tuple.dport ?? "?"}`;
}

export function sameTuple(a: FlowTuple, b: FlowTuple): boolean {
  return (
    a.protocol === b.protocol &&
    a.src === b.src &&
    a.dst === b.dst &&
    a.sport === b.sport &&
    a.dport === b.dport
  );
}

/** Formats a tuple: `192.0.2.1:40000 → 192.0.2.2:80`. */
export function tupleText(tuple: FlowTuple): string {
  const end = (address: string, port: number | undefined): string => {
    if (!hasPorts(tuple.protocol)) return address;
    return address.includes(":") ? `[${address}]:${port ?? "?"}` : `${address}:${port ?? "?"}`;
  };
  return `${end(tuple.src, tuple.sport)} → ${end(tuple.dst, tuple.dport)}`;
}
