import type { Attached } from "../conntrack/connection";
import { hasPorts, isIcmp } from "../conntrack/protocol";
import { type FlowTuple, invert } from "../conntrack/tuple";
import type { Hook, Packet } from "../model";
import type { Manip } from "./bind";

/** Which end a hook rewrites (HOOK2MANIP). */
export function manipOf(hook: Hook): Manip {
  return hook === "PREROUTING" || hook === "OUTPUT" ? "dst" : "src";
}

/** Whether the connection says that this hook rewrites packets of this direction (nf_nat_packet). */
function applies(attached: Attached, manip: Manip): boolean {
  const { connection, direction } = attached;
  const original = direction === "original";
  return manip === "src"
    ? original
      ? connection.srcNat
      : connection.dstNat
    : original
      ? connection.dstNat
      : connection.srcNat;
}

/**
 * The packet as this hook leaves it, from the connection alone: the way there gets the new addresses, the way back the
 * old ones. For an ICMP error the packet inside is rewritten as well. The same object where nothing changes.
 */
export function rewrite(packet: Packet, attached: Attached, hook: Hook): Packet {
  const manip = manipOf(hook);
  if (!applies(attached, manip)) return packet;
  const { connection, direction } = attached;
  const opposite = connection[direction === "original" ? "reply" : "original"];
  const target = invert(opposite);
  const about = packet.icmp?.about;
  if (packet.icmp !== undefined && about !== undefined) {
    const inner = put(about, opposite, manip === "src" ? "dst" : "src");
    const outer = { ...packet, [manip]: target[manip] };
    return { ...outer, icmp: { ...packet.icmp, about: inner } };
  }
  return put(packet, target, manip, attached.state === "RELATED" && isIcmp(target.protocol));
}

function put(packet: Packet, tuple: FlowTuple, manip: Manip, addressOnly = false): Packet {
  const moved: Packet = { ...packet, [manip]: tuple[manip] };
  if (addressOnly) return same(packet, moved);
  if (isIcmp(tuple.protocol) && packet.icmp !== undefined) {
    const { id: _before, ...rest } = packet.icmp;
    return { ...moved, icmp: tuple.sport === undefined ? rest : { ...rest, id: tuple.sport } };
  }
  if (!hasPorts(tuple.protocol)) return same(packet, moved);
  if (manip === "src") {
    const { sport: _before, ...rest } = moved;
    return same(packet, tuple.sport === undefined ? rest : { ...rest, sport: tuple.sport });
  }
  const { dport: _before, ...rest } = moved;
  return same(packet, tuple.dport === undefined ? rest : { ...rest, dport: tuple.dport });
}

function same(before: Packet, after: Packet): Packet {
  const equal =
    before.src === after.src &&
    before.dst === after.dst &&
    before.sport === after.sport &&
    before.dport === after.dport;
  return equal ? before : after;
}
