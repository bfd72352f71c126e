import { addressWords, isLoopback, isMulticast } from "../routing/address";
import { type Decision, routeIn } from "../routing/input";
import { isLocal } from "../routing/local";
import { judgeOf, settle } from "./evaluation";
import { runHook } from "./hooks";
import { icmpError } from "./kernel-reply";
import type { Ending, Flight } from "./packet-context";
import { finish, leave, stopped } from "./send";

/**
 * A packet that came in by a device: PREROUTING, the routing decision, then INPUT, or FORWARD and POSTROUTING.
 *
 * @param looped - it was sent by this host and comes back by lo: its route is fixed, and no martian check is made.
 * @param turned - asked after PREROUTING: what becomes of a packet that the rules have taken from the host's hands.
 */
export function receive(
  flight: Flight,
  device: string,
  looped = false,
  turned: () => Ending | undefined = () => undefined,
): Ending {
  flight.view = { ...flight.view, in: device, out: "" };
  if (flight.packet.family === "ipv6" && device !== "lo") {
    const { src, dst } = flight.view;
    if ([src, dst].some((words) => words !== undefined && isLoopback(words)))
      return finish(flight, "drop", "a loopback address on a wire: dropped before any rule (ip6_rcv_core)");
    if (src !== undefined && isMulticast(src))
      return finish(flight, "drop", "a multicast source: dropped before any rule (ip6_rcv_core)");
  }
  const verdict = runHook(flight, "PREROUTING");
  if (verdict !== "accept") return stopped(flight, verdict);
  return turned() ?? afterPrerouting(flight, device, looped);
}

/** The routing decision and all that follows. */
export function afterPrerouting(flight: Flight, device: string, looped: boolean): Ending {
  const decision = decide(flight, device, looped);
  tell(flight, decision);
  switch (decision.kind) {
    case "drop":
      // No route to it: the sender is told, unless forwarding is off (ip_error).
      if (decision.verdict === "unreachable") {
        const [type, code] = flight.packet.family === "ipv4" ? [3, 0] : [1, 0];
        icmpError(flight, type ?? 3, code ?? 0);
      }
      return finish(flight, decision.verdict, decision.text);
    case "local":
      return deliver(flight);
    case "forward":
      flight.route = decision.out;
      return forward(flight, device);
  }
}

function decide(flight: Flight, device: string, looped: boolean): Decision {
  const { run, packet } = flight;
  const local = { kind: "local", text: `${packet.dst} is this host itself` } as const;
  if (looped) return local;
  const dst = addressWords(packet.dst);
  if (device === "lo" && dst !== undefined) {
    const own = isLocal(run.host, dst);
    if (settle(own, run.mind)) return local;
  }
  return routeIn(run.host, packet, device, judgeOf(run.mind));
}

function tell(flight: Flight, decision: Decision): void {
  const out = decision.kind === "forward" ? decision.out : undefined;
  const route = decision.kind === "forward" ? decision.text : decision.route;
  flight.steps.push({
    ...flight.at(),
    kind: "routing",
    text: decision.kind === "forward" ? `not for this host: ${decision.text}` : decision.text,
    decision: decision.kind,
    ...(route === undefined ? {} : { route }),
    ...(out?.dev === undefined ? {} : { out: out.dev }),
    ...(out?.via === undefined ? {} : { via: out.via }),
  });
}

function deliver(flight: Flight): Ending {
  flight.view = { ...flight.view, out: "" };
  const verdict = runHook(flight, "INPUT");
  if (verdict !== "accept") return stopped(flight, verdict);
  const port = flight.packet.dport === undefined ? "" : ` port ${flight.packet.dport}`;
  return finish(flight, "accept", `delivered on this host: ${flight.packet.protocol}${port}`, {
    delivered: true,
  });
}

/** ip_forward: the TTL is looked at and taken down before FORWARD. */
function forward(flight: Flight, device: string): Ending {
  const { packet } = flight;
  if (packet.pktType !== undefined && packet.pktType !== "unicast")
    return finish(flight, "drop", `came as a link-layer ${packet.pktType}: not forwarded (ip_forward)`);
  if (packet.ttl <= 1) {
    icmpError(flight, packet.family === "ipv4" ? 11 : 3, 0);
    return finish(flight, "drop", "its TTL is used up: ICMP time exceeded");
  }
  flight.packet = { ...packet, ttl: packet.ttl - 1 };
  const dev = flight.route?.dev;
  flight.view = { ...flight.view, out: dev, ...(flight.route === undefined ? {} : { route: flight.route }) };
  const verdict = runHook(flight, "FORWARD");
  if (verdict !== "accept") return stopped(flight, verdict);
  return leave(flight, device);
}
