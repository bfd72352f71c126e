/** Result of a connection attempt: accepted, refused, or no reply. */
export type Reach = "answers" | "refuses" | "is silent";

/** A connection attempt: the place it was made from and its result. */
export interface Attempt {
  readonly from: string;
  readonly result: Reach;
}

/** What a diagnosis needs to know about a pod. */
export interface PodFacts {
  readonly name: string;
  readonly node: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly selected: boolean;
  /** All its apps run. */
  readonly running: boolean;
  readonly ready: boolean;
  /** The TCP sockets that its apps listen on, `0.0.0.0:8080`. Absent if they could not be read. */
  readonly listening?: readonly string[];
  /** A connection attempt from its node to its own address and the target port. */
  readonly direct?: Attempt;
}

/** What a diagnosis needs to know about a node. */
export interface NodeFacts {
  readonly name: string;
  readonly alive: boolean;
  /** `net.ipv4.ip_forward` is 1. */
  readonly forwards?: boolean;
  /** `net.bridge.bridge-nf-call-iptables` is 1: iptables sees bridged packets. */
  readonly bridgeFilters?: boolean;
  /** Rules of kube-proxy that the node doesn't have. */
  readonly missingRules: readonly string[];
  /** Rules in kube-proxy's chains that it did not write. */
  readonly strangeRules: readonly string[];
  /** Rules in other chains that drop or reject, with their packet counts. */
  readonly stoppers: readonly string[];
  /** Nodes to whose pods this node has no route. */
  readonly missingRoutes: readonly string[];
  /** Pods of this node whose link on the bridge is down or missing. */
  readonly linksDown: readonly string[];
  /** Pods whose bridge port has hairpin mode off. */
  readonly noHairpin: readonly string[];
}

/** The input of a diagnosis. */
export interface ServiceFacts {
  readonly name: string;
  /** Names of all services of the lab. */
  readonly services: readonly string[];
  /** Absent if there is no service with this name. */
  readonly service?: {
    readonly clusterIP: string;
    readonly port: number;
    readonly targetPort: number;
    readonly protocol: string;
    readonly selector: string;
  };
  /** Connection attempts to the Cluster IP, from a pod on each node. */
  readonly attempts: readonly Attempt[];
  readonly pods: readonly PodFacts[];
  readonly nodes: readonly NodeFacts[];
}
