import { icmpError } from "../../reply/icmp-error";
import type { Evaluation } from "../../state/evaluation";
import { type PacketContext, withHeader } from "../../state/packet-context";
import { end, type Next, next } from "../next";
import type { Stage, StageOf } from "../stage";
import { passHooks } from "./pass-hooks";

/** Forwards a packet. The TTL is checked and decremented before FORWARD (ip_forward). */
export function forwardStage(
  { device }: StageOf<"forward">,
  context: PacketContext,
  evaluation: Evaluation,
): Next {
  const { packet } = context.hookState;
  if (packet.pktType !== undefined && packet.pktType !== "unicast")
    return end(context, "drop", `came as a link-layer ${packet.pktType}: not forwarded (ip_forward)`);
  if (packet.ttl <= 1) {
    const ends: Stage = { kind: "end", verdict: "drop", text: "its TTL is exceeded: ICMP time exceeded" };
    const reply = icmpError(context, packet.family === "ipv4" ? 11 : 3, 0, evaluation);
    return next(reply === undefined ? ends : { kind: "reply", reply, onward: ends }, context);
  }
  const { route } = context;
  const lowered = withHeader(context, { ...packet, ttl: packet.ttl - 1 });
  const hookState = { ...lowered.hookState, out: route?.dev, route: route ?? lowered.hookState.route };
  return passHooks({ ...lowered, hookState }, "forwarded", { kind: "leave", from: device });
}
