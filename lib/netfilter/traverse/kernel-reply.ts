import { TCP } from "../conntrack/protocol";
import type { Packet } from "../model";
import { addressWords, isLimitedBroadcast, isMulticast, isUnspecified } from "../routing/address";
import { addressType } from "../routing/local";
import { routeOut, selectAddress6, sourceFor } from "../routing/output";
import { decidedSysctl } from "../routing/sysctl";
import { judgeOf } from "./evaluation";
import type { HookState } from "./hook-state";
import { flagsOf } from "./match/header";
import type { PacketContext } from "./packet-context";
import { sendKernelReply } from "./send";
import { UNKNOWN_ADDRESS } from "./translate";

/** ICMP type and code of each `--reject-with` option (ipt_REJECT.c, ip6t_REJECT.c). */
const ERRORS: Readonly<Record<string, readonly [number, number]>> = {
  "icmp-net-unreachable": [3, 0],
  "icmp-host-unreachable": [3, 1],
  "icmp-proto-unreachable": [3, 2],
  "icmp-port-unreachable": [3, 3],
  "icmp-net-prohibited": [3, 9],
  "icmp-host-prohibited": [3, 10],
  "icmp-admin-prohibited": [3, 13],
  "icmp6-no-route": [1, 0],
  "icmp6-adm-prohibited": [1, 1],
  "icmp6-addr-unreachable": [1, 3],
  "icmp6-port-unreachable": [1, 4],
  "icmp6-policy-fail": [1, 5],
  "icmp6-reject-route": [1, 6],
};

/** REJECT: sends a TCP reset or an ICMP error, unless none may be sent for this packet. */
export function reject(context: PacketContext, how: string): void {
  if (how === "tcp-reset" || how === "tcp-rst") {
    reset(context);
    return;
  }
  const [type, code] = ERRORS[how] ?? (context.packet.family === "ipv4" ? [3, 3] : [1, 4]);
  icmpError(context, type, code);
}

const laterFragment = (packet: Packet): boolean => (packet.fragment?.offset ?? 0) > 0;

/** Whether the packet is addressed to a group: multicast or broadcast. */
function isGroupAddressed(context: PacketContext): boolean {
  const { dst } = context.hookState;
  if (dst === undefined) return false;
  if (isMulticast(dst) || isLimitedBroadcast(dst)) return true;
  return dst.length === 1 && addressType(context.traversal.host, dst) === "BROADCAST";
}

/** The mark of a reply: that of the packet if fwmark_reflect is set, otherwise 0 (IP4_REPLY_MARK). */
function replyMark(context: PacketContext): number {
  const { packet, traversal } = context;
  if (packet.mark === 0) return 0;
  return decidedSysctl(traversal.host, `net.${packet.family}.fwmark_reflect`, judgeOf(traversal.evaluation))
    ? packet.mark
    : 0;
}

/** The reply gets the packet's connection in the opposite direction, with the state RELATED (nf_conntrack_attach). */
function attachedFrom(context: PacketContext): Pick<HookState, "ct" | "answersUntracked"> {
  const { ct, untracked } = context.hookState;
  if (ct === undefined) return untracked ? { answersUntracked: true } : {};
  const direction = ct.direction === "original" ? "reply" : "original";
  return { ct: { connection: ct.connection, direction, state: "RELATED" } };
}

/** Sends a TCP reset (nf_send_reset), but not for a RST, a later fragment or a broadcast. */
function reset(context: PacketContext): void {
  const { packet, hookState } = context;
  if (hookState.protocol !== TCP || laterFragment(packet) || isGroupAddressed(context)) return;
  const flags = flagsOf(packet);
  if (flags.includes("RST")) return;
  const {
    icmp: _icmp,
    owner: _owner,
    payload: _payload,
    macSrc: _mac,
    sport: _s,
    dport: _d,
    ...header
  } = packet;
  const answer: Packet = {
    ...header,
    src: packet.dst,
    dst: packet.src,
    ...(packet.dport === undefined ? {} : { sport: packet.dport }),
    ...(packet.sport === undefined ? {} : { dport: packet.sport }),
    tcpFlags: flags.includes("ACK") ? ["RST"] : ["RST", "ACK"],
    ttl: 64,
    tos: 0,
    length: packet.family === "ipv4" ? 40 : 60,
    mark: replyMark(context),
  };
  // The connection is closed even if the reset is not sent (nf_ct_set_closing).
  const connection = hookState.ct?.connection;
  if (connection?.tcp !== undefined)
    context.updateConnection({
      ...connection,
      tcp: "CLOSE",
      expires: context.traversal.evaluation.state.now + 10,
    });
  // The route lookup uses the source address of the reset (ip_route_me_harder). Without a route, nothing is sent.
  const routed =
    hookState.src === undefined
      ? undefined
      : routeOut(
          context.traversal.host,
          hookState.src,
          { src: hookState.dst, mark: answer.mark },
          judgeOf(context.traversal.evaluation),
        );
  if (routed?.kind === "out") sendKernelReply(context.traversal, answer, attachedFrom(context), routed.out);
}

/** Sends an ICMP error (icmp_send, icmp6_send), but not for ICMP errors, later fragments, broadcasts and multicasts. */
export function icmpError(context: PacketContext, type: number, code: number): void {
  const { packet, hookState } = context;
  const ipv4 = packet.family === "ipv4";
  if (laterFragment(packet) || isGroupAddressed(context) || hookState.src === undefined) return;
  if (packet.pktType !== undefined && packet.pktType !== "unicast") return;
  if (isUnspecified(hookState.src) || isMulticast(hookState.src)) return;
  const about = packet.icmp?.type;
  if (about !== undefined && (ipv4 ? [3, 4, 5, 11, 12].includes(about) : about < 128)) return;
  const { host } = context.traversal;
  const mark = replyMark(context);
  // If the packet was sent to an address of this host, that is the source of the error. Otherwise the route selects it.
  const forUs =
    hookState.hook === "INPUT" ||
    (hookState.hook === "OUTPUT" && (context.route?.local ?? hookState.out === "lo"));
  // For IPv6, the source is an address of the incoming device, selected before the route lookup (icmp6_send).
  const chosen = ipv4 || forUs ? undefined : selectAddress6(host, hookState.in || "lo", hookState.src);
  const from = forUs ? hookState.dst : chosen === undefined ? undefined : addressWords(chosen);
  const routed = routeOut(host, hookState.src, { mark, src: from }, judgeOf(context.traversal.evaluation));
  if (routed.kind === "error") return;
  const ours =
    chosen ?? sourceFor(host, routed.out, hookState.src) ?? (routed.out.local ? packet.src : undefined);
  const src = forUs ? packet.dst : (ours ?? UNKNOWN_ADDRESS);
  const { owner: _owner, macSrc: _mac, ...carried } = packet;
  const answer: Packet = {
    family: packet.family,
    src,
    dst: packet.src,
    protocol: ipv4 ? "icmp" : "ipv6-icmp",
    icmp: { type, code, about: carried },
    ttl: 64,
    tos: ipv4 ? (packet.tos & 0x1e) | 0xc0 : 0,
    length: ipv4 ? Math.min(576, 28 + packet.length) : Math.min(1280, 48 + packet.length),
    mark,
  };
  sendKernelReply(context.traversal, answer, attachedFrom(context), routed.out);
}
