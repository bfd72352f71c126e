import type { Connection } from "../../conntrack/connection";
import type { ConntrackTable } from "../../conntrack/table";
import { type Tracked, type TrackOptions, track } from "../../conntrack/track";
import type { Packet } from "../../model";

/** A conntrack state that the caller provides instead of a connection table. */
export type GivenState = "NEW" | "ESTABLISHED" | "RELATED" | "INVALID" | "UNTRACKED";

/**
 * Creates a conntrack result with the given state. An ESTABLISHED packet belongs to a connection that has seen a reply.
 * Nothing is known about its translation: the nat stage follows the possible ones.
 *
 * @param options.mayBeTranslated - whether the host has rules that translate connections.
 */
export function trackAsGiven(
  table: ConntrackTable,
  packet: Packet,
  state: GivenState,
  options: TrackOptions & { readonly mayBeTranslated: boolean },
): Tracked {
  const text = `state ${state}, as given`;
  if (state === "INVALID") return { table, text };
  if (state === "UNTRACKED") return { table, untracked: true, text };
  const { icmp: _icmp, ...header } = packet;
  const opening: Packet =
    packet.protocol === "tcp"
      ? { ...header, tcpFlags: ["SYN"] }
      : packet.icmp === undefined || packet.icmp.about !== undefined
        ? header
        : { ...packet, icmp: { ...packet.icmp, type: packet.family === "ipv4" ? 8 : 128 } };
  const { attached } = track(table, opening, options);
  if (attached === undefined) return { table, text };
  if (state === "NEW") return { table, attached: { ...attached, state }, text };
  if (state === "RELATED")
    return {
      table,
      attached: { ...attached, connection: { ...attached.connection, expected: true }, state },
      text,
    };
  const connection: Connection = {
    ...attached.connection,
    confirmed: true,
    seenReply: true,
    srcNatDone: !options.mayBeTranslated,
    dstNatDone: !options.mayBeTranslated,
    ...(options.mayBeTranslated ? { natUnknown: true } : {}),
    ...(attached.connection.tcp === undefined ? {} : { tcp: "ESTABLISHED" }),
  };
  return { table: table.with(connection), attached: { ...attached, connection, state }, text };
}
