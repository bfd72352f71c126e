import { TCP } from "../../conntrack/protocol";
import type { Packet } from "../../model";
import { routeOut } from "../../routing/output";
import { flagsOf } from "../match/header";
import type { Evaluation } from "../state/evaluation";
import type { KernelReply } from "../state/kernel-reply";
import { type PacketContext, withConnection } from "../state/packet-context";
import { icmpError } from "./icmp-error";
import { attachedFrom, isGroupAddressed, isLaterFragment, replyMark } from "./may-reply";

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

/** What REJECT does: the packet with its changed connection, and the error if one is sent. */
export interface Rejection {
  readonly context: PacketContext;
  readonly reply: KernelReply | undefined;
}

/** REJECT: answers with a TCP reset or an ICMP error, unless none may be sent for this packet. */
export function reject(context: PacketContext, how: string, evaluation: Evaluation): Rejection {
  if (how === "tcp-reset" || how === "tcp-rst") return reset(context, evaluation);
  const [type, code] = ERRORS[how] ?? (context.hookState.packet.family === "ipv4" ? [3, 3] : [1, 4]);
  return { context, reply: icmpError(context, type, code, evaluation) };
}

/** A TCP reset (nf_send_reset), but not for a RST, a later fragment or a broadcast. */
function reset(before: PacketContext, evaluation: Evaluation): Rejection {
  const { hookState, input } = before;
  const { packet, src, dst, protocol } = hookState;
  const silent: Rejection = { context: before, reply: undefined };
  if (protocol !== TCP || isLaterFragment(packet) || isGroupAddressed(before)) return silent;
  const flags = flagsOf(packet);
  if (flags.includes("RST")) return silent;
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
    mark: replyMark(before, evaluation),
  };
  // The connection is closed even if the reset is not sent (nf_ct_set_closing).
  const connection = hookState.ct?.connection;
  const context =
    connection?.tcp === undefined
      ? before
      : withConnection(
          before,
          { ...connection, tcp: "CLOSE", expires: evaluation.state.now + 10 },
          evaluation,
        );
  // The route lookup uses the source address of the reset (ip_route_me_harder). Without a route, nothing is sent.
  if (src === undefined) return { context, reply: undefined };
  const routed = routeOut(input.host, src, { src: dst, mark: answer.mark }, evaluation);
  if (routed.kind === "error") return { context, reply: undefined };
  return { context, reply: { packet: answer, carried: attachedFrom(context), out: routed.out } };
}
