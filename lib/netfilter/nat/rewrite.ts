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

/** The same object where nothing changes: most packets pass most hooks so. */
function put(packet: Packet, tuple: FlowTuple, manip: Manip, addressOnly = false): Packet {
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
