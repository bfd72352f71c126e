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
export function bridged(
  flight: Flight,
  from: string,
  to: string | ((address: string) => string | undefined),
): Ending {
  const { host } = flight.run;
  const bridge = host.links?.find(({ name }) => name === from)?.master ?? "";
  const portFor = typeof to === "string" ? () => to : to;
  const arrived = flight.packet.dst;
  if (!callsRules(flight)) {
    const port = portFor(arrived);
    const text = `bridged by ${bridge} from ${from} to ${port}; no rule is asked (bridge-nf-call-iptables is off)`;
    return finish(flight, "accept", text, { left: { dev: port ?? bridge, nexthop: arrived } });
  }
  flight.view = { ...flight.view, in: bridge, out: "", physIn: from };
  const prerouting = runHook(flight, "PREROUTING");
  if (prerouting !== "accept") return stopped(flight, prerouting);
  const { dst } = flight.packet;
  if (dst !== arrived) {
    const words = wordsOf(dst);
    const routed =
      words === undefined ? undefined : routeOut(host, words, { src: undefined, mark: flight.packet.mark });
    const stays = routed?.kind === "out" && routed.out.dev === bridge;
    if (!stays) return afterPrerouting(flight, bridge, false);
  }
  const port = portFor(dst);
  if (port === from)
    return finish(
      flight,
      "drop",
      `${bridge} does not send a frame back by ${from}, where it came from (hairpin mode is off)`,
    );
  flight.view = { ...flight.view, in: bridge, out: bridge, physIn: from, physOut: port ?? "" };
  const forward = runHook(flight, "FORWARD");
  if (forward !== "accept") return stopped(flight, forward);
  flight.view = { ...flight.view, in: "", out: bridge };
  const postrouting = runHook(flight, "POSTROUTING");
  if (postrouting !== "accept") return stopped(flight, postrouting);
  return finish(
    flight,
    "accept",
    `bridged by ${bridge} from ${from} to ${port ?? "a port that is not known"}`,
    {
      left: { dev: port ?? bridge, nexthop: dst },
    },
  );
}
