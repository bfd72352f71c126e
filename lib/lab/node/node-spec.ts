import type { Engine } from "../../engine";

/**
 * Options of a node.
 *
 * @example
 * import type { NodeSpec } from "wirebook";
 * // For lab.node(name, spec).
 * const spec: NodeSpec = { podCidr: "10.244.7.0/24", sysctls: { "net.ipv4.conf.all.rp_filter": "1" } };
 */
export interface NodeSpec {
  /** The node's chunk of the cluster's pod range: `10.244.1.0/24`. Default: the next free one. */
  readonly podCidr?: string;
  /** The engine on which the node and its pods run, or its name. Default: the lab's engine with the fewest nodes. */
  readonly engine?: Engine | string;
  /** Additional sysctls of its network namespace: `{ "net.ipv4.conf.all.rp_filter": "1" }`. Default: none. */
  readonly sysctls?: Readonly<Record<string, string>>;
}

export const SYSCTLS: Readonly<Record<string, string>> = {
  // The node routes packets between its pods and other nodes.
  "net.ipv4.ip_forward": "1",
  // kube-proxy sets this for NodePorts on localhost.
  "net.ipv4.conf.all.route_localnet": "1",
  // When the node forwards packets between two of its own pods, it must not send them ICMP redirects.
  "net.ipv4.conf.all.send_redirects": "0",
  "net.ipv4.conf.default.send_redirects": "0",
};
