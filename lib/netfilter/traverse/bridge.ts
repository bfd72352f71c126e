import { wordsOf } from "../routing/address";
import { routeOut } from "../routing/output";
import type { Ending, Flight } from "./flight";
import { runHook } from "./hooks";
import { afterPrerouting } from "./receive";
import { finish, stopped } from "./send";

/** Whether frames that are only bridged are shown to the rules (br_netfilter; without the module there is no such sysctl). */
export function callsRules(flight: Flight): boolean {
  const name = flight.packet.family === "ipv4" ? "iptables" : "ip6tables";
  return flight.run.host.sysctls?.[`net.bridge.bridge-nf-call-${name}`] === "1";
}

/**
 * A frame that a bridge hands from one port to another (net/bridge/br_netfilter_hooks.c). With br_netfilter it runs
 * through PREROUTING, FORWARD and POSTROUTING with the bridge as both devices; the ports show in physdev only. No
 * routing, no TTL. A DNAT to somewhere off the bridge makes it a routed packet.
 */
export function bridged(flight: Flight, from: string, to: string): Ending {
  const { host } = flight.run;
  const bridge = host.links?.find(({ name }) => name === from)?.master ?? "";
  const left = { left: { dev: to, nexthop: flight.packet.dst } };
  if (!callsRules(flight))
    return finish(
      flight,
      "accept",
      `bridged by ${bridge} from ${from} to ${to}; no rule is asked (bridge-nf-call-iptables is off)`,
      left,
    );
  flight.view = { ...flight.view, in: bridge, out: "", physIn: from };
  const before = flight.packet.dst;
  const prerouting = runHook(flight, "PREROUTING");
  if (prerouting !== "accept") return stopped(flight, prerouting);
  if (flight.packet.dst !== before) {
    const dst = wordsOf(flight.packet.dst);
    const routed =
      dst === undefined ? undefined : routeOut(host, dst, { src: undefined, mark: flight.packet.mark });
    const stays = routed?.kind === "out" && routed.out.dev === bridge;
    if (!stays) return afterPrerouting(flight, bridge, false);
  }
  flight.view = { ...flight.view, in: bridge, out: bridge, physIn: from, physOut: to };
  const forward = runHook(flight, "FORWARD");
  if (forward !== "accept") return stopped(flight, forward);
  flight.view = { ...flight.view, in: "", out: bridge };
  const postrouting = runHook(flight, "POSTROUTING");
  if (postrouting !== "accept") return stopped(flight, postrouting);
  return finish(flight, "accept", `bridged by ${bridge} from ${from} to ${to}`, {
    left: { dev: to, nexthop: flight.packet.dst },
  });
}
