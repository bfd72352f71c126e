/** How an attempt to connect ended: taken, refused at once, or never answered. */
export type Reach = "answers" | "refuses" | "is silent";

/** One attempt to connect, and from where. */
export interface Attempt {
  readonly from: string;
  readonly result: Reach;
}

/** A pod, as far as a service is concerned. */
export interface PodFacts {
  readonly name: string;
  readonly node: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly selected: boolean;
  /** All its apps run. */
  readonly running: boolean;
  readonly ready: boolean;
  /** Where its apps listen, `0.0.0.0:8080`; absent when it could not be asked. */
  readonly listening?: readonly string[];
  /** What comes back from its own address and the target port, asked from its node. */
  readonly direct?: Attempt;
}

/** A node, as far as a service is concerned. */
export interface NodeFacts {
  readonly name: string;
  readonly alive: boolean;
  /** `net.ipv4.ip_forward` is 1. */
  readonly forwards?: boolean;
  /** `net.bridge.bridge-nf-call-iptables` is 1: bridged packets meet the rules as well. */
  readonly bridgeFilters?: boolean;
  /** Rules that kube-proxy would have there, and that are not there. */
  readonly missingRules: readonly string[];
  /** Rules in kube-proxy's chains that it did not write. */
  readonly strangeRules: readonly string[];
  /** Rules elsewhere that drop or reject, each with the packets it took. */
  readonly stoppers: readonly string[];
  /** Nodes to whose pods it has no route. */
  readonly missingRoutes: readonly string[];
  /** Pods of its own whose link on the bridge is down, or gone. */
  readonly linksDown: readonly string[];
  /** Pods whose bridge port does not send packets back to where they came from. */
  readonly noHairpin: readonly string[];
}

/** All that is looked at to find out why a service does not answer. */
export interface ServiceFacts {
  readonly name: string;
  /** Names of the services that there are. */
  readonly services: readonly string[];
  /** Absent: there is no service of this name. */
  readonly service?: {
    readonly clusterIP: string;
    readonly port: number;
    readonly targetPort: number;
    readonly protocol: string;
    readonly selector: string;
  };
  /** Attempts to reach the Cluster IP, from a pod on each node. */
  readonly attempts: readonly Attempt[];
  readonly pods: readonly PodFacts[];
  readonly nodes: readonly NodeFacts[];
}
