import { sentHeaderOf } from "../../../routing/flow";
import { isLocal } from "../../../routing/local";
import { type Routed, routeOut } from "../../../routing/output";
import { describeOut, routeStep } from "../../report/route-words";
import { decide } from "../../state/answer";
import type { Evaluation } from "../../state/evaluation";
import { at, type PacketContext, withHookState, withStep } from "../../state/packet-context";
import { end, type Next } from "../next";
import type { StageOf } from "../stage";
import { passHooks } from "./pass-hooks";

/** Sends a packet of this host: routing, then OUTPUT. */
export function sendStage({ known }: StageOf<"send">, context: PacketContext, evaluation: Evaluation): Next {
  const { packet, src, dst, socket } = context.hookState;
  const { host } = context.input;
  if (dst === undefined) return end(context, "unreachable", `${packet.dst} is not an address`);
  if (socket === "process" && src !== undefined && isLocal(host, src) === false)
    return end(context, "unreachable", `${packet.src} is not an address of this host (EADDRNOTAVAIL)`);
  const lookUp = (): Routed => {
    const header = sentHeaderOf(packet, evaluation);
    return routeOut(host, dst, { src, mark: packet.mark, header }, evaluation);
  };
  const routed: Routed = known === undefined ? lookUp() : { kind: "out", out: known };
  if (routed.kind === "error") return end(context, "unreachable", routed.text);
  let { out } = routed;
  // If neither routes nor addresses are known, it is unknown whether the destination is local, so this is decided here.
  // Only for packets of a local process: the kernel's own replies go to the sender of the original packet.
  if (host.routes === undefined && !out.local && socket === "process") {
    const own = isLocal(host, dst);
    if (typeof own !== "boolean" && decide(own, evaluation)) out = { dev: "lo", local: true };
  }
  const routedContext = withHookState({ ...context, route: out }, { out: out.dev, route: out });
  const stepped = withStep(routedContext, {
    ...at(routedContext),
    ...routeStep(out),
    text: `sent by this host: ${describeOut(out)}`,
  });
  return passHooks(stepped, "sent", { kind: "leave", from: "" });
}
