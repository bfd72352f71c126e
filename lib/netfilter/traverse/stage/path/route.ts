import { addressWords } from "../../../routing/address";
import { type Decision, routeIn } from "../../../routing/input";
import { isLocal } from "../../../routing/local";
import { icmpError } from "../../reply/icmp-error";
import { decide } from "../../state/answer";
import type { Evaluation } from "../../state/evaluation";
import { type PacketContext, withStep } from "../../state/packet-context";
import { type Next, next } from "../next";
import type { Stage, StageOf } from "../stage";

/** The routing decision of a received packet: deliver, forward, or discard it. */
export function routeStage(stage: StageOf<"route">, before: PacketContext, evaluation: Evaluation): Next {
  const decision = routingDecision(stage, before, evaluation);
  const context = withDecision(before, decision);
  switch (decision.kind) {
    case "drop": {
      const ends: Stage = { kind: "end", verdict: decision.verdict, text: decision.text };
      if (decision.verdict !== "unreachable") return next(ends, context);
      // Without a route, the host sends an ICMP error, unless forwarding is off (ip_error).
      const [type, code] = context.hookState.packet.family === "ipv4" ? ([3, 0] as const) : ([1, 0] as const);
      const reply = icmpError(context, type, code, evaluation);
      return next(reply === undefined ? ends : { kind: "reply", reply, onward: ends }, context);
    }
    case "local":
      return next({ kind: "deliver" }, context);
    case "forward":
      return next({ kind: "forward", device: stage.device }, { ...context, route: decision.out });
  }
}

function routingDecision(
  { device, looped }: StageOf<"route">,
  { input: { host }, hookState: { packet } }: PacketContext,
  evaluation: Evaluation,
): Decision {
  const local = { kind: "local", text: `${packet.dst} is this host itself` } as const;
  if (looped) return local;
  const dst = addressWords(packet.dst);
  if (device === "lo" && dst !== undefined && decide(isLocal(host, dst), evaluation)) return local;
  return routeIn(host, packet, device, evaluation);
}

function withDecision(context: PacketContext, decision: Decision): PacketContext {
  const { place } = context.input.host;
  const { packet } = context.hookState;
  const step = { kind: "routing", place, before: packet, after: packet, decision: decision.kind } as const;
  if (decision.kind === "forward") {
    const { text, out } = decision;
    return withStep(context, {
      ...step,
      text: `not for this host: ${text}`,
      route: text,
      ...(out.dev === undefined ? {} : { out: out.dev }),
      ...(out.via === undefined ? {} : { via: out.via }),
    });
  }
  const { text, route } = decision;
  return withStep(context, route === undefined ? { ...step, text } : { ...step, text, route });
}
