import type { Packet } from "../../model";
import { addressWords, isMulticast, isUnspecified } from "../../routing/address";
import { routeOut, selectAddress6, sourceFor } from "../../routing/output";
import { UNKNOWN_ADDRESS } from "../chain/unknown-address";
import type { Evaluation } from "../state/evaluation";
import type { KernelReply } from "../state/kernel-reply";
import type { PacketContext } from "../state/packet-context";
import { attachedFrom, isGroupAddressed, isLaterFragment, replyMark } from "./may-reply";

/**
 * Returns the ICMP error about a packet (icmp_send, icmp6_send). None is sent for ICMP errors, later fragments, broadcasts
 * and multicasts, or without a route.
 */
export function icmpError(
  context: PacketContext,
  type: number,
  code: number,
  evaluation: Evaluation,
): KernelReply | undefined {
  const { hookState, input, route } = context;
  const { packet } = hookState;
  const { host } = input;
  const ipv4 = packet.family === "ipv4";
  if (isLaterFragment(packet) || isGroupAddressed(context) || hookState.src === undefined) return undefined;
  if (packet.pktType !== undefined && packet.pktType !== "unicast") return undefined;
  if (isUnspecified(hookState.src) || isMulticast(hookState.src)) return undefined;
  const about = packet.icmp?.type;
  if (about !== undefined && (ipv4 ? [3, 4, 5, 11, 12].includes(about) : about < 128)) return undefined;
  const mark = replyMark(context, evaluation);
  // If the packet was sent to an address of this host, that is the source of the error. Otherwise the route selects it.
  const forUs =
    hookState.hook === "INPUT" || (hookState.hook === "OUTPUT" && (route?.local ?? hookState.out === "lo"));
  // For IPv6, the source is an address of the incoming device, selected before the route lookup (icmp6_send).
  const chosen = ipv4 || forUs ? undefined : selectAddress6(host, hookState.in || "lo", hookState.src);
  const from = forUs ? hookState.dst : chosen === undefined ? undefined : addressWords(chosen);
  const routed = routeOut(host, hookState.src, { mark, src: from }, evaluation);
  if (routed.kind === "error") return undefined;
  const ours =
    chosen ?? sourceFor(host, routed.out, hookState.src) ?? (routed.out.local ? packet.src : undefined);
  const { owner: _owner, macSrc: _mac, ...carried } = packet;
  const answer: Packet = {
    family: packet.family,
    src: forUs ? packet.dst : (ours ?? UNKNOWN_ADDRESS),
    dst: packet.src,
    protocol: ipv4 ? "icmp" : "ipv6-icmp",
    icmp: { type, code, about: carried },
    ttl: 64,
    tos: ipv4 ? (packet.tos & 0x1e) | 0xc0 : 0,
    length: ipv4 ? Math.min(576, 28 + packet.length) : Math.min(1280, 48 + packet.length),
    mark,
  };
  return { packet: answer, carried: attachedFrom(context), out: routed.out };
}
