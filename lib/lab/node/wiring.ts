import { createHash } from "node:crypto";

/** Name of the bridge that connects a node's pods. */
export const POD_BRIDGE = "br-pods";

/** Maximum length of a link name: IFNAMSIZ is 16, including the null byte (include/uapi/linux/if.h). */
const MAX_NAME_LENGTH = 15;

/** Returns the name of the node's end of a pod's veth pair: `veth-POD`, or a hash if that is too long. */
export function vethName(pod: string): string {
  const name = `veth-${pod}`;
  return name.length <= MAX_NAME_LENGTH
    ? name
    : `veth${createHash("sha256").update(pod).digest("hex").slice(0, 8)}`;
}

/** Returns a MAC address that contains an IPv4 address, with the prefix 0a:58 of the CNI plugins. */
export function macFor(address: string): string {
  const bytes = address.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0"));
  return ["0a", "58", ...bytes].join(":");
}

/** The parameters of {@link bridgeScript}. */
export interface NodeNetwork {
  /** First usable address of the node's chunk: the bridge's address, and the gateway of its pods. */
  readonly gateway: string;
  readonly prefixLength: number;
  readonly podCidr: string;
  /** All pod ranges of the cluster. */
  readonly podRanges: readonly string[];
}

/** Returns a script that creates the bridge and the rules that masquerade pod traffic to outside the cluster. */
export function bridgeScript(network: NodeNetwork): string {
  const { gateway, prefixLength, podCidr, podRanges } = network;
  return [
    "set -e",
    `ip link add ${POD_BRIDGE} address ${macFor(gateway)} type bridge`,
    `ip addr add ${gateway}/${prefixLength} dev ${POD_BRIDGE}`,
    `ip link set ${POD_BRIDGE} up`,
    // No NAT between pods. Hosts outside the cluster have no route to pods, so pods use their node's address there.
    ...podRanges.map((range) => `iptables -t nat -A POSTROUTING ${untranslated(podCidr, range)}`),
    `iptables -t nat -A POSTROUTING -s ${podCidr} -m comment --comment "pods to outside the cluster" -j MASQUERADE`,
  ].join("\n");
}

/** Returns the command that exempts traffic to another pod range from masquerading. Rule 1 is kube-proxy's jump. */
export function growScript(podCidr: string, range: string): string {
  return `iptables -t nat -I POSTROUTING 2 ${untranslated(podCidr, range)}`;
}

function untranslated(podCidr: string, range: string): string {
  return `-s ${podCidr} -d ${range} -m comment --comment "pods to pods" -j RETURN`;
}

/** The parameters of {@link vethScript}. The pids are those on the engine's machine. */
export interface PodWire {
  readonly nodePid: number;
  readonly podPid: number;
  readonly veth: string;
  readonly address: string;
  readonly gateway: string;
  readonly prefixLength: number;
  /** MTU of the node's uplink. Default: 1500. */
  readonly mtuBytes?: number;
  /**
   * True if iptables doesn't see bridged packets (no br_netfilter, or bridge-nf-call-iptables is 0). Pods of one node then
   * send packets to each other through the node's routing. Otherwise the reply of a service's endpoint would be bridged
   * directly to the client, and its source would not be translated back to the service's address.
   */
  readonly routed: boolean;
}

/**
 * Returns a script that connects a pod to its node's bridge. It runs outside both namespaces, because a veth pair has one
 * end in each. With hairpin mode the bridge can send a packet back through the port it came from, which a pod needs to
 * reach itself through its own service.
 */
export function vethScript(wire: PodWire): string {
  const { nodePid, podPid, veth, address, gateway, prefixLength, routed } = wire;
  const mtu = wire.mtuBytes === undefined ? "" : ` mtu ${wire.mtuBytes}`;
  return [
    "set -e",
    `ip link add ${veth} netns ${nodePid}${mtu} type veth peer name eth0${mtu} address ${macFor(address)} netns ${podPid}`,
    `nsenter -t ${podPid} -n ip -batch - <<'END'`,
    `addr add ${address}/${routed ? 32 : prefixLength} dev eth0`,
    "link set lo up",
    "link set eth0 up",
    ...(routed ? [`route add ${gateway} dev eth0 scope link`] : []),
    `route add default via ${gateway}`,
    "END",
    `nsenter -t ${nodePid} -n ip -batch - <<'END'`,
    `link set ${veth} master ${POD_BRIDGE} up`,
    `link set ${veth} type bridge_slave hairpin on`,
    "END",
  ].join("\n");
}

/** Returns the command that adds a route to the pods of another node. Shell: `ip route replace CIDR via NODE`. */
export function routeScript(podCidr: string, nodeAddress: string): string {
  return `ip route replace ${podCidr} via ${nodeAddress}`;
}
