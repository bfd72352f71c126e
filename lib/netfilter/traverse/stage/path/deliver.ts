import { type PacketContext, withHookState } from "../../state/packet-context";
import { end, type Next } from "../next";
import { passHooks } from "./pass-hooks";

/** A packet for this host passes INPUT. */
export function deliverStage(context: PacketContext): Next {
  return passHooks(withHookState(context, { out: "" }), "delivered", { kind: "delivered" });
}

/** The packet reaches the socket. */
export function deliveredStage(context: PacketContext): Next {
  const { protocol, dport } = context.hookState.packet;
  const port = dport === undefined ? "" : ` port ${dport}`;
  return end(context, "accept", `delivered on this host: ${protocol}${port}`, { delivered: true });
}
