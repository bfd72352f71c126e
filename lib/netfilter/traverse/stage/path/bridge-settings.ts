import type { Family } from "../../../model";
import { decidedSysctl, knownSysctl } from "../../../routing/sysctl";
import type { Evaluation } from "../../state/evaluation";
import type { PacketContext } from "../../state/packet-context";

const callSysctl = (family: Family): string =>
  `net.bridge.bridge-nf-call-${family === "ipv4" ? "iptables" : "ip6tables"}`;

/**
 * Whether the rules are evaluated for bridged frames. br_netfilter has a sysctl for all bridges and a setting for each
 * bridge (`nf_call_iptables`). If the module is not loaded, the sysctl does not exist.
 */
export function evaluatesRules(
  { input: { host }, hookState: { packet } }: PacketContext,
  bridge: string,
  evaluation: Evaluation,
): boolean {
  const name = callSysctl(packet.family);
  const known = knownSysctl(host, name);
  if (known === undefined) return decidedSysctl(host, name, evaluation);
  const own = host.links?.find((link) => link.name === bridge)?.callsRules?.[packet.family] === true;
  return known !== 0 || (own && host.sysctls?.[name] !== undefined);
}

const DESTINATION_NAT: ReadonlySet<string> = new Set(["dnat", "redirect", "netmap"]);

/** If the sysctl is unknown: whether its value makes a difference to some rule (a physdev match, or a DNAT). */
function bridgePortsMatter({ input: { host }, hookState: { packet } }: PacketContext): boolean {
  if (knownSysctl(host, callSysctl(packet.family)) !== undefined) return true;
  return host.rulesets.some(
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

/** Whether the rules see the port of a frame that is addressed to the bridge itself, if that makes a difference. */
export const callsRules = (context: PacketContext, bridge: string, evaluation: Evaluation): boolean =>
  bridgePortsMatter(context) && evaluatesRules(context, bridge, evaluation);
