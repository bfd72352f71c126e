import type { Family } from "../model";
import { addressWords } from "../routing/address";
import { routeOut } from "../routing/output";
import { decidedSysctl, knownSysctl } from "../routing/sysctl";
import { assumeCarries } from "./device";
import { judgeOf } from "./evaluation";
import { runHook } from "./hooks";
import type { Ending, Flight } from "./packet-context";
import { afterPrerouting, receive } from "./receive";
import { finish, stopped } from "./send";

const calls = (family: Family): string =>
  `net.bridge.bridge-nf-call-${family === "ipv4" ? "iptables" : "ip6tables"}`;

/**
 * Whether frames that are only bridged are shown to the rules: br_netfilter is told so for all bridges or for this one.
 * Without the module there is no such sysctl.
 */
function callsRules({ packet, run }: Flight, bridge: string): boolean {
  const { host } = run;
  const name = calls(packet.family);
  const known = knownSysctl(host, name);
  if (known === undefined) return decidedSysctl(host, name, judgeOf(run.mind));
  const own = host.links?.find((link) => link.name === bridge)?.callsRules?.[packet.family] === true;
  return known !== 0 || (own && host.sysctls?.[name] !== undefined);
}

const TURNING: ReadonlySet<string> = new Set(["dnat", "redirect", "netmap"]);

/** Where the sysctl is not known: whether some rule could tell a frame of a bridge's port from a packet of the bridge. */
function caresForPorts({ run, packet }: Flight): boolean {
  if (knownSysctl(run.host, calls(packet.family)) !== undefined) return true;
  return run.host.rulesets.some(
    ({ family, tables }) =>
      family === packet.family &&
      [...tables.values()].some(({ chains }) =>
        [...chains.values()].some(({ rules }) =>
          rules.some(
            ({ matches, action }) =>
              matches.some(({ kind }) => kind === "physdev") || TURNING.has(action.kind),
          ),
        ),
      ),
  );
}

/** The port of the bridge behind which an address is; undefined where that is not known. */
export type PortFor = (address: string) => string | undefined;

/**
 * A frame for the bridge's own address, which the host receives with the bridge as device. With br_netfilter the rules
 * see its port in physdev, and a DNAT to an address behind the same bridge takes it out of the host's hands: it is
 * bridged, not routed (br_nf_pre_routing_finish).
 */
export function received(flight: Flight, from: string, bridge: string, portFor: PortFor): Ending {
  if (!caresForPorts(flight) || !callsRules(flight, bridge)) return receive(flight, bridge);
  flight.view = { ...flight.view, physIn: from };
  const arrived = flight.packet.dst;
  return receive(flight, bridge, false, () =>
    turnedBack(flight, bridge, arrived) ? handOn(flight, bridge, from, portFor) : undefined,
  );
}

/**
 * A frame that a bridge hands from one port to another (net/bridge/br_netfilter_hooks.c). With br_netfilter it runs
 * through PREROUTING, FORWARD and POSTROUTING with the bridge as both devices; the ports show in physdev only. No
 * routing, no TTL. A DNAT to somewhere off the bridge makes it a routed packet.
 */
export function bridged(flight: Flight, from: string, to: string | PortFor): Ending {
  const { host } = flight.run;
  const bridge = host.links?.find(({ name }) => name === from)?.master ?? "";
  const portFor = typeof to === "string" ? () => to : to;
  assumeCarries(flight, bridge);
  const arrived = flight.packet.dst;
  if (!callsRules(flight, bridge)) {
    const port = portFor(arrived);
    assumeHandsOn(flight, from, port);
    const text = `bridged by ${bridge} from ${from} to ${port}; no rule is asked (bridge-nf-call-iptables is off)`;
    return finish(flight, "accept", text, { left: { dev: port ?? bridge, nexthop: arrived } });
  }
  flight.view = { ...flight.view, in: bridge, out: "", physIn: from };
  const prerouting = runHook(flight, "PREROUTING");
  if (prerouting !== "accept") return stopped(flight, prerouting);
  if (flight.packet.dst !== arrived && !turnedBack(flight, bridge, arrived))
    return afterPrerouting(flight, bridge, false);
  return handOn(flight, bridge, from, portFor);
}

/** Whether a DNAT has changed where the packet goes, and that is by the bridge that it came in by. */
function turnedBack(flight: Flight, bridge: string, arrived: string): boolean {
  const { dst, mark } = flight.packet;
  const words = dst === arrived ? undefined : addressWords(dst);
  if (words === undefined) return false;
  const routed = routeOut(flight.run.host, words, { mark }, judgeOf(flight.run.mind));
  return routed.kind === "out" && routed.out.dev === bridge;
}

/** Two isolated ports of a bridge do not reach each other, and a port has its own state. */
function assumeHandsOn(flight: Flight, from: string, to: string | undefined): void {
  const { host, mind } = flight.run;
  assumeCarries(flight, to);
  const isolated = [from, to].every(
    (port) => host.links?.find(({ name }) => name === port)?.isolated === true,
  );
  if (isolated)
    mind.choices.assume(
      `${from} and ${to} are isolated ports: their bridge hands nothing from one to the other`,
    );
}

/** From port to port: br_forward, with the rules of FORWARD and POSTROUTING. */
function handOn(flight: Flight, bridge: string, from: string, portFor: PortFor): Ending {
  const { dst } = flight.packet;
  const port = portFor(dst);
  const hairpin = flight.run.host.links?.find(({ name }) => name === from)?.hairpin === true;
  if (port === from && !hairpin)
    return finish(
      flight,
      "drop",
      `${bridge} does not send a frame back by ${from}, where it came from (hairpin mode is off)`,
    );
  assumeHandsOn(flight, from, port);
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
