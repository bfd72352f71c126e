import { createHash } from "node:crypto";

/** Name of the bridge that a node's pods are plugged into. */
export const POD_BRIDGE = "br-pods";

/** Longest name that a link can have (IFNAMSIZ is 16, with the zero at the end). */
const LONGEST_NAME = 15;

/** Name of the node's end of a pod's veth pair: with the pod's name where it fits. */
export function vethName(pod: string): string {
  const name = `veth-${pod}`;
  return name.length <= LONGEST_NAME
    ? name
    : `veth${createHash("sha256").update(pod).digest("hex").slice(0, 8)}`;
}

/** A MAC address made from an IPv4 address, with the prefix 0a:58 that CNI plugins use: what has it can be read off. */
export function macFor(address: string): string {
  const bytes = address.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0"));
  return ["0a", "58", ...bytes].join(":");
}

/** What a node's own namespace needs before its first pod, run inside it. */
export interface NodeNetwork {
  /** First address of the node's chunk: the bridge's, and the default route of its pods. */
  readonly gateway: string;
  readonly prefixLength: number;
  readonly podCidr: string;
  /** All ranges of the cluster's pods. */
  readonly podRanges: readonly string[];
}

/** Makes the bridge, and the rules by which pods reach what is outside of the cluster. */
export function bridgeScript(network: NodeNetwork): string {
  const { gateway, prefixLength, podCidr, podRanges } = network;
  return [
    "set -e",
    `ip link add ${POD_BRIDGE} address ${macFor(gateway)} type bridge`,
    `ip addr add ${gateway}/${prefixLength} dev ${POD_BRIDGE}`,
    `ip link set ${POD_BRIDGE} up`,
    // Between pods nothing is translated. Outside nobody has a route to them, so there they go by their node's name.
    ...podRanges.map((range) => `iptables -t nat -A POSTROUTING ${untranslated(podCidr, range)}`),
    `iptables -t nat -A POSTROUTING -s ${podCidr} -m comment --comment "pods to outside the cluster" -j MASQUERADE`,
  ].join("\n");
}

/** Has a node let a further range of pods be: put behind kube-proxy's jump, which stands first. */
export function growScript(podCidr: string, range: string): string {
  return `iptables -t nat -I POSTROUTING 2 ${untranslated(podCidr, range)}`;
}

function untranslated(podCidr: string, range: string): string {
  return `-s ${podCidr} -d ${range} -m comment --comment "pods to pods" -j RETURN`;
}

/** What {@link vethScript} joins: two namespaces by a process in each, as the engine's machine counts processes. */
export interface PodWire {
  readonly nodePid: number;
  readonly podPid: number;
  readonly veth: string;
  readonly address: string;
  readonly gateway: string;
  readonly prefixLength: number;
  /** Bytes of the longest packet that the node's own uplink takes, where it is not the usual 1500. */
  readonly mtu?: number;
  /**
   * True where bridged packets do not meet the node's rules (no br_netfilter, or bridge-nf-call-iptables is 0). Pods of
   * one node then speak to each other through the node instead of past it: a reply that took the short way over the
   * bridge would never be translated back to the service's address.
   */
  readonly routed: boolean;
}

/**
 * Joins a pod to its node's bridge. Runs outside of both namespaces, because a veth pair has one end in each.
 * The hairpin lets a pod that asks for its own service have its packets back through the port they came in by.
 */
export function vethScript(wire: PodWire): string {
  const { nodePid, podPid, veth, address, gateway, prefixLength, routed } = wire;
  const mtu = wire.mtu === undefined ? "" : ` mtu ${wire.mtu}`;
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

/** Tells one node where the pods of another live. Shell: `ip route replace CIDR via NODE`. */
export function routeScript(podCidr: string, nodeAddress: string): string {
  return `ip route replace ${podCidr} via ${nodeAddress}`;
}
