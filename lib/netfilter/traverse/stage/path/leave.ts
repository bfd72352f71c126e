import { assumeCarries, assumeFits } from "../../state/device";
import type { Evaluation } from "../../state/evaluation";
import { at, type PacketContext, withHeader, withHookState, withStep } from "../../state/packet-context";
import { end, type Next, next } from "../next";
import type { StageOf } from "../stage";
import { passHooks } from "./pass-hooks";

const MAX_LOOPBACK_ROUNDS = 8;

/** POSTROUTING. The host receives a copy of each broadcast that it sends, before the original leaves (ip_mc_output). */
export function leaveStage(stage: StageOf<"leave">, before: PacketContext, evaluation: Evaluation): Next {
  const { route } = before;
  const { hookState } = before;
  const context = {
    ...before,
    hookState: { ...hookState, in: stage.from, out: route?.dev, route: route ?? hookState.route },
  };
  if (route?.route?.type !== "broadcast" || stage.copied === true)
    return passHooks(context, "leaving", { kind: "transmit" });
  const copy: PacketContext = {
    ...withHookState(context, { socket: "none" }),
    steps: undefined,
    resume: {
      kind: "copy",
      context,
      onward: { ...stage, copied: true },
      sent: context.hookState.packet,
      devices: evaluation.devices,
    },
  };
  return passHooks(copy, "leaving", { kind: "copy", device: route.dev ?? "" });
}

/** The host receives the copy of its broadcast. */
export function copyStage({ device }: StageOf<"copy">, context: PacketContext): Next {
  const link = { place: context.input.host.place, link: device };
  const stepped = withStep(context, {
    ...at(context),
    kind: "link",
    from: link,
    to: link,
    text: `this host receives a copy of the broadcast on ${device}`,
  });
  const received = withHeader(stepped, { ...context.hookState.packet, pktType: "broadcast" });
  return next({ kind: "receive", device, looped: true }, received);
}

/** The packet leaves by its device. A packet for the host itself is received again on lo, with its connection. */
export function transmitStage(context: PacketContext, evaluation: Evaluation): Next {
  const { route } = context;
  const { host } = context.input;
  if (route?.local === true || route?.dev === "lo") return loop(context);
  assumeCarries(host, route?.dev, evaluation);
  assumeFits(context, route?.dev, evaluation);
  const { dst } = context.hookState.packet;
  const nexthop = route?.via ?? dst;
  const by = route?.dev ?? evaluation.device("out");
  const how = by === undefined ? "leaves by an unknown interface" : `leaves by ${by}`;
  return end(context, "accept", nexthop === dst ? how : `${how}, to the next hop ${nexthop}`, {
    left: { dev: by, nexthop },
  });
}

function loop(before: PacketContext): Next {
  const { place } = before.input.host;
  const context = { ...before, rounds: before.rounds + 1 };
  if (context.rounds > MAX_LOOPBACK_ROUNDS) return end(context, "drop", "it loops over lo");
  const stepped = withStep(context, {
    ...at(context),
    kind: "link",
    from: { place, link: "lo" },
    to: { place, link: "lo" },
    text: "over the loopback interface, back into this host",
  });
  const { owner: _owner, ...carried } = context.hookState.packet;
  const received = withHookState(withHeader(stepped, carried), { socket: "none" });
  return next({ kind: "receive", device: "lo", looped: true }, received);
}
