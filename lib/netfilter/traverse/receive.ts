import { addressWords, isLoopback, isMulticast } from "../routing/address";
import { type Decision, routeIn } from "../routing/input";
import { isLocal } from "../routing/local";
import { decide, judgeOf } from "./evaluation";
import { runHook } from "./hooks";
import { icmpError } from "./kernel-reply";
import type { Disposition, PacketContext } from "./packet-context";
import { finish, leave, stopped } from "./send";

/**
 * Receives a packet on a device: PREROUTING, the routing decision, then INPUT, or FORWARD and POSTROUTING.
 *
 * @param looped - the packet was sent by this host over lo. It already has a route, and its source is not validated.
 * @param divert - called after PREROUTING; returns a result if the packet is not for this host any more.
 */
export function receive(
  context: PacketContext,
  device: string,
  looped = false,
  divert: () => Disposition | undefined = () => undefined,
): Disposition {
  context.hookState = { ...context.hookState, in: device, out: "" };
  if (context.packet.family === "ipv6" && device !== "lo") {
    const { src, dst } = context.hookState;
    if ([src, dst].some((words) => words !== undefined && isLoopback(words)))
      return finish(
        context,
        "drop",
        "a loopback address on a device other than lo: dropped before any rule (ip6_rcv_core)",
      );
    if (src !== undefined && isMulticast(src))
      return finish(context, "drop", "a multicast source: dropped before any rule (ip6_rcv_core)");
  }
  const verdict = runHook(context, "PREROUTING");
  if (verdict !== "accept") return stopped(context, verdict);
  return divert() ?? afterPrerouting(context, device, looped);
}

/** The routing decision, then INPUT, or FORWARD and POSTROUTING. */
export function afterPrerouting(context: PacketContext, device: string, looped: boolean): Disposition {
  const decision = routingDecision(context, device, looped);
  recordDecision(context, decision);
  switch (decision.kind) {
    case "drop":
      // Without a route, the host sends an ICMP error, unless forwarding is off (ip_error).
      if (decision.verdict === "unreachable") {
        const [type, code] = context.packet.family === "ipv4" ? [3, 0] : [1, 0];
        icmpError(context, type ?? 3, code ?? 0);
      }
      return finish(context, decision.verdict, decision.text);
    case "local":
      return deliver(context);
    case "forward":
      context.route = decision.out;
      return forward(context, device);
  }
}

function routingDecision(context: PacketContext, device: string, looped: boolean): Decision {
  const { traversal, packet } = context;
  const local = { kind: "local", text: `${packet.dst} is this host itself` } as const;
  if (looped) return local;
  const dst = addressWords(packet.dst);
  if (device === "lo" && dst !== undefined) {
    const own = isLocal(traversal.host, dst);
    if (decide(own, traversal.evaluation)) return local;
  }
  return routeIn(traversal.host, packet, device, judgeOf(traversal.evaluation));
}

function recordDecision(context: PacketContext, decision: Decision): void {
  const out = decision.kind === "forward" ? decision.out : undefined;
  const route = decision.kind === "forward" ? decision.text : decision.route;
  context.steps.push({
    ...context.at(),
    kind: "routing",
    text: decision.kind === "forward" ? `not for this host: ${decision.text}` : decision.text,
    decision: decision.kind,
    ...(route === undefined ? {} : { route }),
    ...(out?.dev === undefined ? {} : { out: out.dev }),
    ...(out?.via === undefined ? {} : { via: out.via }),
  });
}

function deliver(context: PacketContext): Disposition {
  context.hookState = { ...context.hookState, out: "" };
  const verdict = runHook(context, "INPUT");
  if (verdict !== "accept") return stopped(context, verdict);
  const port = context.packet.dport === undefined ? "" : ` port ${context.packet.dport}`;
  return finish(context, "accept", `delivered on this host: ${context.packet.protocol}${port}`, {
    delivered: true,
  });
}

/** Forwards a packet. The TTL is checked and decremented before FORWARD (ip_forward). */
function forward(context: PacketContext, device: string): Disposition {
  const { packet } = context;
  if (packet.pktType !== undefined && packet.pktType !== "unicast")
    return finish(context, "drop", `came as a link-layer ${packet.pktType}: not forwarded (ip_forward)`);
  if (packet.ttl <= 1) {
    icmpError(context, packet.family === "ipv4" ? 11 : 3, 0);
    return finish(context, "drop", "its TTL is exceeded: ICMP time exceeded");
  }
  context.packet = { ...packet, ttl: packet.ttl - 1 };
  const dev = context.route?.dev;
  context.hookState = {
    ...context.hookState,
    out: dev,
    ...(context.route === undefined ? {} : { route: context.route }),
  };
  const verdict = runHook(context, "FORWARD");
  if (verdict !== "accept") return stopped(context, verdict);
  return leave(context, device);
}
