/** Transport protocols that a service port can have. */
export type ServiceProtocol = "tcp" | "udp" | "sctp";

/** Who may answer: any endpoint of the cluster, or only those on the node that the packet reached. */
export type TrafficPolicy = "Cluster" | "Local";

/** One address behind a service: a pod's own address and the port its app listens on. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  /** True on the node that the pod runs on. */
  readonly local: boolean;
}

/**
 * One port of a service and the endpoints that are ready, as one node sees them. All that kube-proxy needs
 * to know to write its rules, and nothing that it would have to ask for.
 */
export interface ServicePort {
  /** Namespace of the service. Labs have one: `default`. */
  readonly namespace: string;
  readonly name: string;
  /** Name of the port, where the service has several. */
  readonly portName?: string;
  readonly protocol: ServiceProtocol;
  readonly clusterIP: string;
  readonly port: number;
  readonly nodePort?: number;
  readonly externalIPs?: readonly string[];
  readonly loadBalancerIPs?: readonly string[];
  /** Who may use the load balancer's addresses (CIDRs). Default: everyone. */
  readonly loadBalancerSourceRanges?: readonly string[];
  readonly healthCheckNodePort?: number;
  /** Session affinity by client address, and how many seconds it lasts (Kubernetes' default: 10,800). */
  readonly affinitySeconds?: number;
  readonly internalTrafficPolicy?: TrafficPolicy;
  readonly externalTrafficPolicy?: TrafficPolicy;
  readonly endpoints: readonly Endpoint[];
}

/** How kube-proxy itself was started on a node. */
export interface ProxyOptions {
  /** Range of all pods (`--cluster-cidr`): what does not come from it is masqueraded. Default: unknown. */
  readonly clusterCidr?: string;
  /** `--masquerade-all`. Default: false. */
  readonly masqueradeAll?: boolean;
  /** `MASQUERADE --random-fully`, where iptables has it. Default: true. */
  readonly randomFully?: boolean;
  /** `--iptables-localhost-nodeports`. Default: true; the node then needs `route_localnet`. */
  readonly localhostNodePorts?: boolean;
  /** The node's own address; decides whether source ranges let the node itself in. */
  readonly nodeIP?: string;
}
