import { assumeCarries } from "../../state/device";
import type { Evaluation } from "../../state/evaluation";
import type { PacketContext } from "../../state/packet-context";
import { type Next, next } from "../next";
import type { StageOf } from "../stage";
import { callsRules } from "./bridge-settings";

/** Masters other than bridges whose members pass received packets on as if the master had received them. */
const AGGREGATES = ["bond", "team"];

/** Finds the device on which the rules see the packet: a bridge or bond instead of its member. */
export function arriveStage(
  { from }: StageOf<"arrive">,
  context: PacketContext,
  evaluation: Evaluation,
): Next {
  const { host } = context.input;
  if ("local" in from) return next({ kind: "send" }, context);
  assumeCarries(host, from.in, evaluation);
  if (from.bridgedTo !== undefined)
    return next({ kind: "bridge", from: from.in, to: from.bridgedTo }, context);
  const { master, masterKind = "bridge" } = host.links?.find(({ name }) => name === from.in) ?? {};
  if (master === undefined) return next({ kind: "receive", device: from.in, looped: false }, context);
  assumeCarries(host, master, evaluation);
  if (masterKind !== "bridge") {
    evaluation.assume(
      `${from.in} belongs to ${master} (${masterKind}), whose handling of packets is not part of the model`,
    );
    // For a bond or team, the rules see the master as incoming device. For a VRF, they see the member.
    const device = AGGREGATES.includes(masterKind) ? master : from.in;
    return next({ kind: "receive", device, looped: false }, context);
  }
  const { dst } = context.hookState.packet;
  const { portFor = () => undefined } = from;
  const frame = { bridge: master, from: from.in, portFor, arrived: dst, toBridge: true };
  const isSeen = callsRules(context, master, evaluation);
  return next({ kind: "receive", device: master, looped: false, ...(isSeen ? { frame } : {}) }, context);
}
