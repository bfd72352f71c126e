import { display, type MimeBundle, type Picture } from "../../chart/picture";
import { servicePicture } from "../../chart/service";
import { endpointText } from "./chain-name";
import type { RuleChange } from "./controller";
import { connectionCounts, serviceView } from "./counts";
import type { ServicePort } from "./model";
import { affinitySeconds, type ServiceSpec, selectorText } from "./spec";

/** What a service asks of its cluster. */
export interface ServiceCluster {
  /** Names, addresses and nodes of the pods that `spec` selects now, and whether they are ready. */
  selected(spec: ServiceSpec): readonly SelectedPod[];
  changed(cause: string): Promise<void>;
  removeService(service: Service): Promise<void>;
  readonly changes: readonly RuleChange[];
  /** `iptables-save -c -t nat` of every node that lives. */
  dumps(): Promise<readonly string[]>;
}

/** A pod that a service's selector matches. */
export interface SelectedPod {
  readonly name: string;
  readonly node: string;
  readonly address: string;
  readonly ready: boolean;
}

/** One endpoint of a service: a pod that is ready. */
export interface ServiceEndpoint {
  readonly pod: string;
  readonly node: string;
  readonly address: string;
  readonly port: number;
}

/**
 * A service: an address that no interface has and that exists only in the rules of every node, where packets to it are
 * sent on to one of the pods that its selector matches.
 */
export class Service {
  readonly name: string;
  readonly clusterIP: string;
  readonly nodePort: number | undefined;
  readonly #cluster: ServiceCluster;
  #spec: ServiceSpec;

  constructor(
    cluster: ServiceCluster,
    name: string,
    spec: ServiceSpec,
    given: { clusterIP: string; nodePort: number | undefined },
  ) {
    this.#cluster = cluster;
    this.name = name;
    this.#spec = spec;
    this.clusterIP = given.clusterIP;
    this.nodePort = given.nodePort;
  }

  get spec(): ServiceSpec {
    return this.#spec;
  }

  get port(): number {
    return this.#spec.port;
  }

  get targetPort(): number {
    return this.#spec.targetPort ?? this.#spec.port;
  }

  get protocol(): "tcp" | "udp" | "sctp" {
    return this.#spec.protocol ?? "tcp";
  }

  get selector(): Readonly<Record<string, string>> {
    return this.#spec.selector;
  }

  /** Every pod that the selector matches, ready or not. */
  get pods(): readonly SelectedPod[] {
    return this.#cluster.selected(this.#spec);
  }

  /** Where its packets go now: the pods that are ready, in the order of the rules. */
  get endpoints(): readonly ServiceEndpoint[] {
    return this.pods
      .filter((pod) => pod.ready)
      .map(({ name, node, address }) => ({ pod: name, node, address, port: this.targetPort }))
      .sort((a, b) => (endpointText(a) < endpointText(b) ? -1 : 1));
  }

  /** Every time that rules were written since the lab's first node, with the reason and how long it took. */
  get changes(): readonly RuleChange[] {
    return this.#cluster.changes;
  }

  /**
   * Changes the service: another selector, port or policy. Its Cluster IP stays. Returns when every node has the rules.
   *
   * Shell: `kubectl patch service NAME`.
   */
  async update(change: Partial<Omit<ServiceSpec, "clusterIP" | "nodePort">>): Promise<void> {
    const spec = { ...this.#spec, ...change };
    this.#cluster.selected(spec);
    this.#spec = spec;
    await this.#cluster.changed(`${this.name}: changed`);
  }

  /** Removes it from the rules of every node. Shell: `kubectl delete service NAME`. */
  remove(): Promise<void> {
    return this.#cluster.removeService(this);
  }

  /** The service and its endpoints as the rules of one node need them. */
  portOn(node: string): ServicePort {
    const seconds = affinitySeconds(this.#spec);
    const { internalTrafficPolicy, externalTrafficPolicy } = this.#spec;
    return {
      namespace: "default",
      name: this.name,
      protocol: this.protocol,
      clusterIP: this.clusterIP,
      port: this.port,
      ...(this.nodePort !== undefined && { nodePort: this.nodePort }),
      ...(seconds !== undefined && { affinitySeconds: seconds }),
      ...(internalTrafficPolicy !== undefined && { internalTrafficPolicy }),
      ...(externalTrafficPolicy !== undefined && { externalTrafficPolicy }),
      endpoints: this.endpoints.map((endpoint) => ({ ...endpoint, local: endpoint.node === node })),
    };
  }

  /**
   * How many connections each endpoint got since its rules were written, by `10.244.1.3:8080`.
   *
   * Shell: `iptables -t nat -L -n -v` on every node.
   */
  async counts(): Promise<Readonly<Record<string, number>>> {
    return connectionCounts(this.portOn(""), await this.#cluster.dumps());
  }

  /** Draws the way through the rules to each endpoint, what is expected there and what was counted. */
  async picture(): Promise<Picture> {
    const pods = this.endpoints.map((end) => [endpointText(end), `${end.pod} · ${end.node}`] as const);
    return servicePicture(serviceView(this.portOn(""), Object.fromEntries(pods), await this.counts()));
  }

  /** As `kubectl describe service` prints it. */
  toString(): string {
    const ends = this.endpoints.map((endpoint) => `${endpointText(endpoint)} (${endpoint.pod})`);
    return [
      `Name:       ${this.name}`,
      `Selector:   ${selectorText(this.selector)}`,
      `ClusterIP:  ${this.clusterIP}`,
      `Port:       ${this.port}/${this.protocol} -> ${this.targetPort}`,
      ...(this.nodePort === undefined ? [] : [`NodePort:   ${this.nodePort}`]),
      `Endpoints:  ${ends.join(", ") || "none"}`,
    ].join("\n");
  }

  async [display](): Promise<MimeBundle> {
    return { ...(await (await this.picture())[display]()), "text/plain": this.toString() };
  }
}
