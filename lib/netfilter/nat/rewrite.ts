import type { Attached } from "../conntrack/connection";
import { hasPorts, isIcmp } from "../conntrack/protocol";
import { type FlowTuple, invert } from "../conntrack/tuple";
import type { Hook, Packet } from "../model";
import type { Manip } from "./bind";

/** Returns which end of the packet a hook rewrites (HOOK2MANIP). */
export function manipOf(hook: Hook): Manip {
  return hook === "PREROUTING" || hook === "OUTPUT" ? "dst" : "src";
}

/** Whether this end of packets in this direction is rewritten (nf_nat_packet). */
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
 * Rewrites one end of a packet from its conntrack entry: packets in the original direction get the new address and port,
 * replies get the old ones back. In ICMP errors, the embedded packet is rewritten as well (nf_nat_icmp_reply_translation).
 * Returns the same object if nothing changes.
 */
export function rewrite(packet: Packet, attached: Attached, hook: Hook): Packet {
  const manip = manipOf(hook);
  if (!applies(attached, manip)) return packet;
  const { connection, direction } = attached;
  const opposite = connection[direction === "original" ? "reply" : "original"];
  const target = invert(opposite);
  const about = packet.icmp?.about;
  if (packet.icmp !== undefined && about !== undefined) {
    const inner = withEnd(about, opposite, manip === "src" ? "dst" : "src");
    const outer = { ...packet, [manip]: target[manip] };
    return { ...outer, icmp: { ...packet.icmp, about: inner } };
  }
  return withEnd(packet, target, manip, attached.state === "RELATED" && isIcmp(target.protocol));
}

/** Sets one end of a packet to that of a tuple. Returns the same object if nothing changes, the most common case. */
function withEnd(packet: Packet, tuple: FlowTuple, manip: Manip, addressOnly = false): Packet {
  if (!addressOnly && isIcmp(tuple.protocol) && packet.icmp !== undefined) {
    const { id: _before, ...rest } = packet.icmp;
    const icmp = tuple.sport === undefined ? rest : { ...rest, id: tuple.sport };
    return { ...packet, [manip]: tuple[manip], icmp };
  }
  const end = manip === "src" ? "sport" : "dport";
  const port = addressOnly || !hasPorts(tuple.protocol) ? packet[end] : tuple[end];
  if (packet[manip] === tuple[manip] && packet[end] === port) return packet;
  if (port !== undefined) return { ...packet, [manip]: tuple[manip], [end]: port };
  const { [end]: _before, ...rest } = packet;
  return { ...rest, [manip]: tuple[manip] };
}
