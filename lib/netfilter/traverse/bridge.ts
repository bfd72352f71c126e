import type { Family } from "../model";
import { addressWords } from "../routing/address";
import { routeOut } from "../routing/output";
import { decidedSysctl, knownSysctl } from "../routing/sysctl";
import { assumeCarries } from "./device";
import { judgeOf } from "./evaluation";
import { runHook } from "./hooks";
import type { Disposition, PacketContext } from "./packet-context";
import { afterPrerouting, receive } from "./receive";
import { finish, stopped } from "./send";

const calls = (family: Family): string =>
  `net.bridge.bridge-nf-call-${family === "ipv4" ? "iptables" : "ip6tables"}`;

/**
 * Whether frames that are only bridged are shown to the rules: br_netfilter is told so for all bridges or for this one.
 * Without the module there is no such sysctl.
 */
function callsRules({ packet, traversal }: PacketContext, bridge: string): boolean {
  const { host } = traversal;
  const name = calls(packet.family);
  const known = knownSysctl(host, name);
  if (known === undefined) return decidedSysctl(host, name, judgeOf(traversal.evaluation));
  const own = host.links?.find((link) => link.name === bridge)?.callsRules?.[packet.family] === true;
  return known !== 0 || (own && host.sysctls?.[name] !== undefined);
}

const TURNING: ReadonlySet<string> = new Set(["dnat", "redirect", "netmap"]);

/** Where the sysctl is not known: whether some rule could tell a frame of a bridge's port from a packet of the bridge. */
function caresForPorts({ traversal, packet }: PacketContext): boolean {
  if (knownSysctl(traversal.host, calls(packet.family)) !== undefined) return true;
  return traversal.host.rulesets.some(
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
export function received(
  context: PacketContext,
  from: string,
  bridge: string,
  portFor: PortFor,
): Disposition {
  if (!caresForPorts(context) || !callsRules(context, bridge)) return receive(context, bridge);
  context.hookState = { ...context.hookState, physIn: from };
  const arrived = context.packet.dst;
  return receive(context, bridge, false, () =>
    turnedBack(context, bridge, arrived) ? handOn(context, bridge, from, portFor) : undefined,
  );
}

/**
 * A frame that a bridge hands from one port to another (net/bridge/br_netfilter_hooks.c). With br_netfilter it runs
 * through PREROUTING, FORWARD and POSTROUTING with the bridge as both devices; the ports show in physdev only. No
 * routing, no TTL. A DNAT to somewhere off the bridge makes it a routed packet.
 */
export function bridged(context: PacketContext, from: string, to: string | PortFor): Disposition {
  const { host } = context.traversal;
  const bridge = host.links?.find(({ name }) => name === from)?.master ?? "";
  const portFor = typeof to === "string" ? () => to : to;
  assumeCarries(context, bridge);
  const arrived = context.packet.dst;
  if (!callsRules(context, bridge)) {
    const port = portFor(arrived);
    assumeHandsOn(context, from, port);
    const text = `bridged by ${bridge} from ${from} to ${port}; no rule is asked (bridge-nf-call-iptables is off)`;
    return finish(context, "accept", text, { left: { dev: port ?? bridge, nexthop: arrived } });
  }
  context.hookState = { ...context.hookState, in: bridge, out: "", physIn: from };
  const prerouting = runHook(context, "PREROUTING");
  if (prerouting !== "accept") return stopped(context, prerouting);
  if (context.packet.dst !== arrived && !turnedBack(context, bridge, arrived))
    return afterPrerouting(context, bridge, false);
  return handOn(context, bridge, from, portFor);
}

/** Whether a DNAT has changed where the packet goes, and that is by the bridge that it came in by. */
function turnedBack(context: PacketContext, bridge: string, arrived: string): boolean {
  const { dst, mark } = context.packet;
  const words = dst === arrived ? undefined : addressWords(dst);
  if (words === undefined) return false;
  const routed = routeOut(context.traversal.host, words, { mark }, judgeOf(context.traversal.evaluation));
  return routed.kind === "out" && routed.out.dev === bridge;
}

/** Two isolated ports of a bridge do not reach each other, and a port has its own state. */
function assumeHandsOn(context: PacketContext, from: string, to: string | undefined): void {
  const { host, evaluation } = context.traversal;
  assumeCarries(context, to);
  const isolated = [from, to].every(
    (port) => host.links?.find(({ name }) => name === port)?.isolated === true,
  );
  if (isolated)
    evaluation.branches.assume(
      `${from} and ${to} are isolated ports: their bridge hands nothing from one to the other`,
    );
}

/** From port to port: br_forward, with the rules of FORWARD and POSTROUTING. */
function handOn(context: PacketContext, bridge: string, from: string, portFor: PortFor): Disposition {
  const { dst } = context.packet;
  const port = portFor(dst);
  const hairpin = context.traversal.host.links?.find(({ name }) => name === from)?.hairpin === true;
  if (port === from && !hairpin)
    return finish(
      context,
      "drop",
      `${bridge} does not send a frame back by ${from}, where it came from (hairpin mode is off)`,
    );
  assumeHandsOn(context, from, port);
  context.hookState = { ...context.hookState, in: bridge, out: bridge, physIn: from, physOut: port ?? "" };
  const forward = runHook(context, "FORWARD");
  if (forward !== "accept") return stopped(context, forward);
  context.hookState = { ...context.hookState, in: "", out: bridge };
  const postrouting = runHook(context, "POSTROUTING");
  if (postrouting !== "accept") return stopped(context, postrouting);
  return finish(
    context,
    "accept",
    `bridged by ${bridge} from ${from} to ${port ?? "a port that is not known"}`,
    {
      left: { dev: port ?? bridge, nexthop: dst },
    },
  );
}
