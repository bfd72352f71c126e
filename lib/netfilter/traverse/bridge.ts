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

const callSysctl = (family: Family): string =>
  `net.bridge.bridge-nf-call-${family === "ipv4" ? "iptables" : "ip6tables"}`;

/**
 * Whether the rules are evaluated for bridged frames. br_netfilter has a sysctl for all bridges and a setting for each
 * bridge (`nf_call_iptables`). If the module is not loaded, the sysctl does not exist.
 */
function callsRules({ packet, traversal }: PacketContext, bridge: string): boolean {
  const { host } = traversal;
  const name = callSysctl(packet.family);
  const known = knownSysctl(host, name);
  if (known === undefined) return decidedSysctl(host, name, judgeOf(traversal.evaluation));
  const own = host.links?.find((link) => link.name === bridge)?.callsRules?.[packet.family] === true;
  return known !== 0 || (own && host.sysctls?.[name] !== undefined);
}

const DESTINATION_NAT: ReadonlySet<string> = new Set(["dnat", "redirect", "netmap"]);

/** If the sysctl is unknown: whether its value makes a difference to some rule (a physdev match, or a DNAT). */
function bridgePortsMatter({ traversal, packet }: PacketContext): boolean {
  if (knownSysctl(traversal.host, callSysctl(packet.family)) !== undefined) return true;
  return traversal.host.rulesets.some(
    ({ family, tables }) =>
      family === packet.family &&
      [...tables.values()].some(({ chains }) =>
        [...chains.values()].some(({ rules }) =>
          rules.some(
            ({ matches, action }) =>
              matches.some(({ kind }) => kind === "physdev") || DESTINATION_NAT.has(action.kind),
          ),
        ),
      ),
  );
}

/** Returns the bridge port that leads to an address, or undefined if unknown. */
export type PortFor = (address: string) => string | undefined;

/**
 * Receives a frame that is addressed to the bridge itself; the incoming device is the bridge. With br_netfilter, physdev
 * sees the bridge port. If a DNAT changes the destination to an address on the same bridge, the frame is bridged instead
 * of routed (br_nf_pre_routing_finish).
 */
export function received(
  context: PacketContext,
  from: string,
  bridge: string,
  portFor: PortFor,
): Disposition {
  if (!bridgePortsMatter(context) || !callsRules(context, bridge)) return receive(context, bridge);
  context.hookState = { ...context.hookState, physIn: from };
  const arrived = context.packet.dst;
  return receive(context, bridge, false, () =>
    staysOnBridge(context, bridge, arrived) ? forwardToPort(context, bridge, from, portFor) : undefined,
  );
}

/**
 * Forwards a frame from one port of a bridge to another (net/bridge/br_netfilter_hooks.c). With br_netfilter, it passes
 * PREROUTING, FORWARD and POSTROUTING with the bridge as both devices; only physdev sees the ports. It is not routed and
 * its TTL does not change. If a DNAT changes the destination to an address outside of the bridge, it is routed.
 */
export function bridged(context: PacketContext, from: string, to: string | PortFor): Disposition {
  const { host } = context.traversal;
  const bridge = host.links?.find(({ name }) => name === from)?.master ?? "";
  const portFor = typeof to === "string" ? () => to : to;
  assumeCarries(context, bridge);
  const arrived = context.packet.dst;
  if (!callsRules(context, bridge)) {
    const port = portFor(arrived);
    assumeForwards(context, from, port);
    const text = `bridged by ${bridge} from ${from} to ${port}; no rule is evaluated (bridge-nf-call-iptables is off)`;
    return finish(context, "accept", text, { left: { dev: port ?? bridge, nexthop: arrived } });
  }
  context.hookState = { ...context.hookState, in: bridge, out: "", physIn: from };
  const prerouting = runHook(context, "PREROUTING");
  if (prerouting !== "accept") return stopped(context, prerouting);
  if (context.packet.dst !== arrived && !staysOnBridge(context, bridge, arrived))
    return afterPrerouting(context, bridge, false);
  return forwardToPort(context, bridge, from, portFor);
}

/** Whether a DNAT changed the destination, and the new one is reached by the bridge that the packet came from. */
function staysOnBridge(context: PacketContext, bridge: string, arrived: string): boolean {
  const { dst, mark } = context.packet;
  const words = dst === arrived ? undefined : addressWords(dst);
  if (words === undefined) return false;
  const routed = routeOut(context.traversal.host, words, { mark }, judgeOf(context.traversal.evaluation));
  return routed.kind === "out" && routed.out.dev === bridge;
}

/** Records what may prevent forwarding between two ports: unknown settings of a port, or that both are isolated. */
function assumeForwards(context: PacketContext, from: string, to: string | undefined): void {
  const { host, evaluation } = context.traversal;
  assumeCarries(context, to);
  const isolated = [from, to].every(
    (port) => host.links?.find(({ name }) => name === port)?.isolated === true,
  );
  if (isolated)
    evaluation.branches.assume(
      `${from} and ${to} are isolated ports: their bridge does not forward frames between them`,
    );
}

/** Forwards a frame from port to port (br_forward), through FORWARD and POSTROUTING. */
function forwardToPort(context: PacketContext, bridge: string, from: string, portFor: PortFor): Disposition {
  const { dst } = context.packet;
  const port = portFor(dst);
  const hairpin = context.traversal.host.links?.find(({ name }) => name === from)?.hairpin === true;
  if (port === from && !hairpin)
    return finish(
      context,
      "drop",
      `${bridge} does not send a frame back by ${from}, where it came from (hairpin mode is off)`,
    );
  assumeForwards(context, from, port);
  context.hookState = { ...context.hookState, in: bridge, out: bridge, physIn: from, physOut: port ?? "" };
  const forward = runHook(context, "FORWARD");
  if (forward !== "accept") return stopped(context, forward);
  context.hookState = { ...context.hookState, in: "", out: bridge };
  const postrouting = runHook(context, "POSTROUTING");
  if (postrouting !== "accept") return stopped(context, postrouting);
  return finish(context, "accept", `bridged by ${bridge} from ${from} to ${port ?? "an unknown port"}`, {
    left: { dev: port ?? bridge, nexthop: dst },
  });
}
