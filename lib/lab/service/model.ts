/** The transport protocol of a service port. */
export type ServiceProtocol = "tcp" | "udp" | "sctp";

/** Which endpoints receive packets: all of the cluster, or only those on the node that the packet arrived at. */
export type TrafficPolicy = "Cluster" | "Local";

/** An endpoint of a service: a pod's address and the port of its app. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  /** True if the pod runs on the node for which the rules are written. */
  readonly local: boolean;
}

/**
 * One port of a service and its ready endpoints, from the view of one node: the complete input of kube-proxy for its rules.
 */
export interface ServicePort {
  /** Kubernetes namespace of the service. In labs always `default`. */
  readonly namespace: string;
  readonly name: string;
  /** Name of the port. Default: none. */
  readonly portName?: string;
  readonly protocol: ServiceProtocol;
  readonly clusterIP: string;
  readonly port: number;
  readonly nodePort?: number;
  readonly externalIPs?: readonly string[];
  readonly loadBalancerIPs?: readonly string[];
  /** CIDRs that may access the load balancer's addresses. Default: all. */
  readonly loadBalancerSourceRanges?: readonly string[];
  readonly healthCheckNodePort?: number;
  /** Duration of session affinity by client address. Kubernetes' default is 10,800. Absent: no affinity. */
  readonly affinitySeconds?: number;
  readonly internalTrafficPolicy?: TrafficPolicy;
  readonly externalTrafficPolicy?: TrafficPolicy;
  readonly endpoints: readonly Endpoint[];
}

/** Options of kube-proxy on a node. */
export interface ProxyOptions {
  /** Range of all pods (`--cluster-cidr`). Traffic from other sources is masqueraded. Default: unknown. */
  readonly clusterCidr?: string;
  /** `--masquerade-all`. Default: false. */
  readonly masqueradeAll?: boolean;
  /** Use `MASQUERADE --random-fully`, if iptables supports it. Default: true. */
  readonly randomFully?: boolean;
  /** `--iptables-localhost-nodeports`. Default: true; the node then needs `route_localnet`. */
  readonly localhostNodePorts?: boolean;
  /** The node's address. Determines whether the source ranges include the node itself. */
  readonly nodeIP?: string;
}
