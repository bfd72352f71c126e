import type { Packet, Verdict } from "../model";
import { addressWords } from "../routing/address";
import { sentHeaderOf } from "../routing/flow";
import { isLocal } from "../routing/local";
import { type OutRoute, type Routed, routeOut } from "../routing/output";
import { assumeCarries, assumeFits } from "./device";
import { decide, judgeOf } from "./evaluation";
import type { HookState } from "./hook-state";
import { type HookVerdict, runHook } from "./hooks";
import { type Disposition, PacketContext, type TraversalState } from "./packet-context";
import { receive } from "./receive";
import { describeOut } from "./route-words";

const MAX_LOOPBACK_ROUNDS = 8;

/** Ends the path of a packet and records the last step. */
export function finish(
  context: PacketContext,
  verdict: Verdict,
  text: string,
  disposition: Omit<Disposition, "verdict"> = {},
): Disposition {
  const { packet } = context;
  context.steps.push({
    kind: "end",
    place: context.traversal.host.place,
    before: packet,
    after: packet,
    verdict,
    text,
  });
  return { verdict, ...disposition };
}

/** Ends the path of a packet that a hook did not accept. */
export function stopped(context: PacketContext, verdict: Exclude<HookVerdict, "accept">): Disposition {
  if (typeof verdict === "object") return finish(context, verdict.verdict ?? "drop", verdict.text);
  const texts: Readonly<Record<typeof verdict, string>> = {
    drop: "dropped",
    reject: "dropped, and an error is sent to the sender",
    queue: "passed to a program (NFQUEUE)",
    unknown: "a rule jumps to a chain that is not in the dump",
  };
  return finish(context, verdict, texts[verdict]);
}

/** Sends a packet of a local process: routing, then OUTPUT and POSTROUTING. */
export function send(
  traversal: TraversalState,
  packet: Packet,
): { context: PacketContext; disposition: Disposition } {
  const dst = addressWords(packet.dst);
  const src = addressWords(packet.src);
  const context = new PacketContext(traversal, packet, "OUTPUT", { in: "", out: "" });
  context.hookState = { ...context.hookState, socket: "process" };
  if (dst === undefined)
    return { context, disposition: finish(context, "unreachable", `${packet.dst} is not an address`) };
  if (src !== undefined) {
    const own = isLocal(traversal.host, src);
    if (own === false)
      return {
        context,
        disposition: finish(
          context,
          "unreachable",
          `${packet.src} is not an address of this host (EADDRNOTAVAIL)`,
        ),
      };
  }
  return { context, disposition: routeAndSend(context) };
}

function routeAndSend(context: PacketContext, known?: OutRoute): Disposition {
  const { traversal, hookState, packet } = context;
  if (hookState.dst === undefined) return finish(context, "unreachable", `${packet.dst} is not an address`);
  const routed: Routed =
    known === undefined
      ? routeOut(traversal.host, hookState.dst, flowOf(context), judgeOf(traversal.evaluation))
      : { kind: "out", out: known };
  if (routed.kind === "error") return finish(context, "unreachable", routed.text);
  let { out } = routed;
  // If neither routes nor addresses are known, it is unknown whether the destination is local, so this is decided here.
  // Only for packets of a local process: the kernel's own replies go to the sender of the original packet.
  if (traversal.host.routes === undefined && !out.local && hookState.socket === "process") {
    const own = isLocal(traversal.host, hookState.dst);
    if (typeof own !== "boolean" && decide(own, traversal.evaluation)) out = { dev: "lo", local: true };
  }
  context.route = out;
  context.hookState = { ...hookState, out: out.dev, route: out };
  context.steps.push({
    ...context.at(),
    kind: "routing",
    text: `sent by this host: ${describeOut(out)}`,
    decision: "out",
    ...(out.route === undefined ? {} : { route: describeOut(out) }),
    ...(out.dev === undefined ? {} : { out: out.dev }),
    ...(out.via === undefined ? {} : { via: out.via }),
  });
  const verdict = runHook(context, "OUTPUT");
  if (verdict !== "accept") return stopped(context, verdict);
  return leave(context, "");
}

function flowOf({ hookState, packet, traversal }: PacketContext): Parameters<typeof routeOut>[2] {
  return {
    src: hookState.src,
    mark: packet.mark,
    header: sentHeaderOf(packet, judgeOf(traversal.evaluation)),
  };
}

/** Runs POSTROUTING and sends the packet. A packet for the host itself is received again on lo, with its connection. */
export function leave(context: PacketContext, from: string | undefined): Disposition {
  const { traversal } = context;
  const { route } = context;
  context.hookState = {
    ...context.hookState,
    in: from,
    out: route?.dev,
    ...(route === undefined ? {} : { route }),
  };
  if (route?.route?.type === "broadcast") loopBackCopy(context, route.dev ?? "");
  const verdict = runHook(context, "POSTROUTING");
  if (verdict !== "accept") return stopped(context, verdict);
  if (route?.local === true || route?.dev === "lo") {
    traversal.rounds++;
    if (traversal.rounds > MAX_LOOPBACK_ROUNDS) return finish(context, "drop", "it loops over lo");
    context.steps.push({
      ...context.at(),
      kind: "link",
      from: { place: traversal.host.place, link: "lo" },
      to: { place: traversal.host.place, link: "lo" },
      text: "over the loopback interface, back into this host",
    });
    const { owner: _owner, ...carried } = context.packet;
    context.packet = carried;
    context.hookState = { ...context.hookState, socket: "none" };
    return receive(context, "lo", true);
  }
  assumeCarries(context, route?.dev);
  assumeFits(context, route?.dev);
  const nexthop = route?.via ?? context.packet.dst;
  const by = route?.dev ?? traversal.evaluation.devices.get("out");
  const how = by === undefined ? "leaves by an unknown interface" : `leaves by ${by}`;
  return finish(
    context,
    "accept",
    nexthop === context.packet.dst ? how : `${how}, to the next hop ${nexthop}`,
    {
      left: { dev: by, nexthop },
    },
  );
}

/** The host receives a copy of each broadcast that it sends. The copy passes POSTROUTING before the original (ip_mc_output). */
function loopBackCopy(context: PacketContext, device: string): void {
  const { traversal } = context;
  const copy = new PacketContext(traversal, context.packet, "POSTROUTING", { in: "", out: device });
  copy.hookState = { ...context.hookState, socket: "none" };
  const verdict = runHook(copy, "POSTROUTING");
  const disposition = verdict === "accept" ? receiveCopy(copy, device) : stopped(copy, verdict);
  // Both share one connection, so that its changes by the copy apply to the original.
  const { ct } = copy.hookState;
  if (ct !== undefined) context.hookState = { ...context.hookState, ct };
  traversal.caused.push({ packet: context.packet, verdict: disposition.verdict, steps: copy.steps });
}

function receiveCopy(copy: PacketContext, device: string): Disposition {
  const end = { place: copy.traversal.host.place, link: device };
  copy.steps.push({
    ...copy.at(),
    kind: "link",
    from: end,
    to: end,
    text: `this host receives a copy of the broadcast on ${device}`,
  });
  copy.packet = { ...copy.packet, pktType: "broadcast" };
  return receive(copy, device, true);
}

/** Sends a packet that the kernel generates in response to another. It passes OUTPUT and POSTROUTING with that connection. */
export function sendKernelReply(
  traversal: TraversalState,
  packet: Packet,
  carried: Pick<HookState, "ct" | "answersUntracked">,
  out: OutRoute,
): void {
  const context = new PacketContext(traversal, packet, "OUTPUT", { in: "", out: "" });
  context.hookState = { ...context.hookState, socket: "kernel", ...carried };
  // Assumptions about the devices of the original packet do not apply to the reply.
  const devices = new Map(traversal.evaluation.devices);
  traversal.evaluation.devices.clear();
  const disposition = routeAndSend(context, out);
  traversal.evaluation.devices.clear();
  for (const [side, name] of devices) traversal.evaluation.devices.set(side, name);
  traversal.caused.push({
    packet,
    verdict: disposition.verdict,
    steps: context.steps,
    ...(disposition.left === undefined ? {} : { left: disposition.left }),
  });
}
