import type { Packet } from "../../model";
import { isLimitedBroadcast, isMulticast } from "../../routing/address";
import { addressType } from "../../routing/local";
import { decidedSysctl } from "../../routing/sysctl";
import type { Evaluation } from "../state/evaluation";
import type { KernelReply } from "../state/kernel-reply";
import type { PacketContext } from "../state/packet-context";

export const isLaterFragment = (packet: Packet): boolean => (packet.fragment?.offset ?? 0) > 0;

/** Whether the packet is addressed to a group: multicast or broadcast. */
export function isGroupAddressed({ input, hookState: { dst } }: PacketContext): boolean {
  if (dst === undefined) return false;
  if (isMulticast(dst) || isLimitedBroadcast(dst)) return true;
  return dst.length === 1 && addressType(input.host, dst) === "BROADCAST";
}

/** The mark of a reply: that of the packet if fwmark_reflect is set, otherwise 0 (IP4_REPLY_MARK). */
export function replyMark({ input, hookState: { packet } }: PacketContext, evaluation: Evaluation): number {
  if (packet.mark === 0) return 0;
  return decidedSysctl(input.host, `net.${packet.family}.fwmark_reflect`, evaluation) ? packet.mark : 0;
}

/** The reply gets the packet's connection in the opposite direction, with the state RELATED (nf_conntrack_attach). */
export function attachedFrom({ hookState: { ct, untracked } }: PacketContext): KernelReply["carried"] {
  if (ct === undefined) return { ct, answersUntracked: untracked };
  const direction = ct.direction === "original" ? "reply" : "original";
  return { ct: { connection: ct.connection, direction, state: "RELATED" }, answersUntracked: false };
}
