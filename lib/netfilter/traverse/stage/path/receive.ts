import { isLoopback, isMulticast } from "../../../routing/address";
import type { PacketContext } from "../../state/packet-context";
import { end, type Next } from "../next";
import type { Stage, StageOf } from "../stage";
import { passHooks } from "./pass-hooks";

/** Receives a packet on a device: the checks before any rule, then PREROUTING. */
export function receiveStage({ device, looped, frame }: StageOf<"receive">, before: PacketContext): Next {
  const { hookState } = before;
  const physIn = frame?.from ?? hookState.physIn;
  const context = { ...before, hookState: { ...hookState, in: device, out: "", physIn } };
  const { packet, src, dst } = context.hookState;
  if (packet.family === "ipv6" && device !== "lo") {
    if ([src, dst].some((words) => words !== undefined && isLoopback(words)))
      return end(
        context,
        "drop",
        "a loopback address on a device other than lo: dropped before any rule (ip6_rcv_core)",
      );
    if (src !== undefined && isMulticast(src))
      return end(context, "drop", "a multicast source: dropped before any rule (ip6_rcv_core)");
  }
  const onward: Stage =
    frame === undefined ? { kind: "route", device, looped } : { kind: "bridge-route", frame };
  return passHooks(context, "received", onward);
}
