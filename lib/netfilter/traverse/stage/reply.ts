import type { Evaluation } from "../state/evaluation";
import { hookStateOf } from "../state/hook-state";
import type { PacketContext } from "../state/packet-context";
import { type Next, next } from "./next";
import type { StageOf } from "./stage";

/**
 * Sends a packet that the kernel generates in response to another. It passes OUTPUT and POSTROUTING with the connection
 * of the other packet, which continues after that.
 */
export function replyStage(
  { reply, onward }: StageOf<"reply">,
  context: PacketContext,
  evaluation: Evaluation,
): Next {
  const { input } = context;
  const { packet, carried, out } = reply;
  const devices = { in: "", out: "" };
  const hookState = {
    ...hookStateOf(input.host, "OUTPUT", packet, devices),
    socket: "kernel",
    ...carried,
  } as const;
  const resume = { kind: "reply", context, onward, sent: packet, devices: evaluation.devices } as const;
  // Assumptions about the devices of the original packet do not apply to the reply.
  evaluation.devices = {};
  return next(
    { kind: "send", known: out },
    { ...context, hookState, route: undefined, steps: undefined, resume },
  );
}
