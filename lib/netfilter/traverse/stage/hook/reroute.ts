import type { Packet } from "../../../model";
import { sentHeaderOf } from "../../../routing/flow";
import { routeOut } from "../../../routing/output";
import { describeOut, routeStep } from "../../report/route-words";
import type { Evaluation } from "../../state/evaluation";
import { at, type PacketContext, withStep } from "../../state/packet-context";
import { end, type Next, next } from "../next";
import type { Stage, StageOf } from "../stage";

/** Reroutes the packet if mangle changed its address, mark or TOS (iptable_mangle.c, ipt_mangle_out). */
export function rerouteStage(
  { before, onward }: StageOf<"reroute">,
  context: PacketContext,
  evaluation: Evaluation,
): Next {
  return routesAgain(before, context.hookState.packet)
    ? reroute(context, "mangle changed a field that routing depends on", onward, evaluation)
    : next(onward, context);
}

function routesAgain(before: Packet, after: Packet): boolean {
  return (
    before.src !== after.src ||
    before.dst !== after.dst ||
    before.mark !== after.mark ||
    before.tos !== after.tos
  );
}

/** Looks up a new route (ip_route_me_harder). The rest of OUTPUT still sees the old device; POSTROUTING sees the new one. */
export function reroute(context: PacketContext, why: string, onward: Stage, evaluation: Evaluation): Next {
  const { src, dst, packet, socket } = context.hookState;
  if (dst === undefined) return next(onward, { ...context, route: { dev: undefined, local: false } });
  // ip_route_me_harder does not set protocol and ports, so policy rules that compare them do not match.
  const { tos, uid, unknownFields = [] } = sentHeaderOf(packet, evaluation);
  const known = socket === "process";
  const header = {
    ...(tos === undefined ? {} : { tos }),
    ...(known && uid !== undefined ? { uid } : {}),
    unknownFields: unknownFields.filter((field) => field === "tos" || (known && field === "uid")),
  };
  const routed = routeOut(context.input.host, dst, { src, mark: packet.mark, header }, evaluation);
  if (routed.kind === "error") return end(context, "drop", `rerouted (${why}): ${routed.text}`);
  const { out } = routed;
  const stepped = withStep(
    { ...context, route: out },
    { ...at(context), ...routeStep(out), text: `rerouted, because ${why}: ${describeOut(out)}` },
  );
  return next(onward, stepped);
}
