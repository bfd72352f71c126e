import { addressWords } from "../../../routing/address";
import { routeOut } from "../../../routing/output";
import { assumeCarries } from "../../state/device";
import type { Evaluation } from "../../state/evaluation";
import { type PacketContext, withHookState } from "../../state/packet-context";
import type { BridgedFrame } from "../entry";
import { end, type Next, next } from "../next";
import type { Stage, StageOf } from "../stage";
import { evaluatesRules } from "./bridge-settings";
import { passHooks } from "./pass-hooks";

/**
 * Forwards a frame from one port of a bridge to another (net/bridge/br_netfilter_hooks.c). With br_netfilter, it passes
 * PREROUTING, FORWARD and POSTROUTING with the bridge as both devices; only physdev sees the ports. It is not routed and
 * its TTL does not change. If a DNAT changes the destination to an address outside of the bridge, it is routed.
 */
export function bridgeStage(
  { from, to }: StageOf<"bridge">,
  context: PacketContext,
  evaluation: Evaluation,
): Next {
  const { host } = context.input;
  const bridge = host.links?.find(({ name }) => name === from)?.master ?? "";
  const portFor = typeof to === "string" ? () => to : to;
  assumeCarries(host, bridge, evaluation);
  const arrived = context.hookState.packet.dst;
  if (!evaluatesRules(context, bridge, evaluation)) {
    const port = portFor(arrived);
    assumeForwards(context, from, port, evaluation);
    const text = `bridged by ${bridge} from ${from} to ${port}; no rule is evaluated (bridge-nf-call-iptables is off)`;
    return end(context, "accept", text, { left: { dev: port ?? bridge, nexthop: arrived } });
  }
  const frame: BridgedFrame = { bridge, from, portFor, arrived, toBridge: false };
  return passHooks(withHookState(context, { in: bridge, out: "", physIn: from }), "received", {
    kind: "bridge-route",
    frame,
  });
}

/** After PREROUTING: a frame to the bridge itself is routed, others are bridged, unless a DNAT changed the destination. */
export function bridgeRouteStage(
  { frame }: StageOf<"bridge-route">,
  context: PacketContext,
  evaluation: Evaluation,
): Next {
  const isChanged = context.hookState.packet.dst !== frame.arrived;
  const isBridged = isChanged ? staysOnBridge(context, frame, evaluation) : !frame.toBridge;
  return isBridged
    ? forwardToPort(context, frame, evaluation)
    : next({ kind: "route", device: frame.bridge, looped: false }, context);
}

/** Whether the translated destination is reached by the bridge that the packet came from (br_nf_pre_routing_finish). */
function staysOnBridge(
  { input, hookState }: PacketContext,
  { bridge }: BridgedFrame,
  evaluation: Evaluation,
): boolean {
  const { dst, mark } = hookState.packet;
  const words = addressWords(dst);
  if (words === undefined) return false;
  const routed = routeOut(input.host, words, { mark }, evaluation);
  return routed.kind === "out" && routed.out.dev === bridge;
}

/** Records what may prevent forwarding between two ports: unknown settings of a port, or that both are isolated. */
function assumeForwards(
  { input: { host } }: PacketContext,
  from: string,
  to: string | undefined,
  evaluation: Evaluation,
): void {
  assumeCarries(host, to, evaluation);
  const isolated = [from, to].every(
    (port) => host.links?.find(({ name }) => name === port)?.isolated === true,
  );
  if (isolated)
    evaluation.assume(
      `${from} and ${to} are isolated ports: their bridge does not forward frames between them`,
    );
}

/** Forwards a frame from port to port (br_forward), through FORWARD. */
function forwardToPort(context: PacketContext, frame: BridgedFrame, evaluation: Evaluation): Next {
  const { bridge, from, portFor } = frame;
  const port = portFor(context.hookState.packet.dst);
  const hairpin = context.input.host.links?.find(({ name }) => name === from)?.hairpin === true;
  if (port === from && !hairpin)
    return end(
      context,
      "drop",
      `${bridge} does not send a frame back by ${from}, where it came from (hairpin mode is off)`,
    );
  assumeForwards(context, from, port, evaluation);
  const onward: Stage = { kind: "bridge-out", frame, port };
  const devices = { in: bridge, out: bridge, physIn: from, physOut: port ?? "" };
  return passHooks(withHookState(context, devices), "forwarded", onward);
}

/** POSTROUTING of a bridged frame. */
export function bridgeOutStage({ frame, port }: StageOf<"bridge-out">, context: PacketContext): Next {
  const devices = { in: "", out: frame.bridge };
  return passHooks(withHookState(context, devices), "leaving", { kind: "bridge-sent", frame, port });
}

/** The frame leaves by its port. */
export function bridgeSentStage({ frame, port }: StageOf<"bridge-sent">, context: PacketContext): Next {
  const { bridge, from } = frame;
  return end(context, "accept", `bridged by ${bridge} from ${from} to ${port ?? "an unknown port"}`, {
    left: { dev: port ?? bridge, nexthop: context.hookState.packet.dst },
  });
}
