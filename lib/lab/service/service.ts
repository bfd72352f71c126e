import type { MimeBundle, Picture } from "../../chart/picture";
import { servicePicture } from "../../chart/service";
import { display } from "../../display";
import type { RuleChange } from "./controller";
import { connectionCounts, serviceView } from "./counts";
import type { ServicePort } from "./model";
import { endpointText } from "./rules/chain-name";
import { affinitySeconds, type ServiceSpec, selectorText } from "./spec";

/** The part of the cluster that a service uses. */
export interface ServiceCluster {
  /** Returns the pods that `spec` selects now. */
  selected(spec: ServiceSpec): readonly SelectedPod[];
  changed(cause: string): Promise<void>;
  removeService(service: Service): Promise<void>;
  readonly changes: readonly RuleChange[];
  /** Returns the output of `iptables-save -c -t nat` of every running node. */
  dumps(): Promise<readonly string[]>;
}

/** A pod that matches the selector of a service. */
export interface SelectedPod {
  readonly name: string;
  readonly node: string;
  readonly address: string;
  readonly ready: boolean;
}

/**
 * An endpoint of a service: a ready pod and the target port.
 *
 * @example
 * import type { ServiceEndpoint } from "wirebook";
 * // service.endpoints contains these.
 * const onNode = (endpoints: readonly ServiceEndpoint[], name: string): readonly string[] =>
 *   endpoints.filter(({ node }) => node === name).map(({ address, port }) => `${address}:${port}`);
 */
export interface ServiceEndpoint {
  readonly pod: string;
  readonly node: string;
  readonly address: string;
  readonly port: number;
}

/**
 * A service: a virtual address (Cluster IP) that no interface has. The rules of every node rewrite the destination of
 * connections to it (DNAT) to the address of a pod that matches its selector.
 *
 * @example
 * import { Lab } from "wirebook";
 * const lab = await Lab.open("service-example");
 * const node = await lab.node("node1");
 * await node.pod("web", { image: "web", labels: { app: "web" }, readiness: { tcp: 80 } });
 * const service = await lab.service("web", { selector: { app: "web" }, port: 80 });
 * console.log(String(service));
 * await lab.close();
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

  /** The pods that match the selector, ready or not. */
  get pods(): readonly SelectedPod[] {
    return this.#cluster.selected(this.#spec);
  }

  /** The current endpoints: the ready pods, in the order of the rules. */
  get endpoints(): readonly ServiceEndpoint[] {
    return this.pods
      .filter((pod) => pod.ready)
      .map(({ name, node, address }) => ({ pod: name, node, address, port: this.targetPort }))
      .sort((a, b) => (endpointText(a) < endpointText(b) ? -1 : 1));
  }

  /** Every update of the nodes' iptables rules for services since the lab got its first node, with causes and times. */
  get changes(): readonly RuleChange[] {
    return this.#cluster.changes;
  }

  /**
   * Changes the selector, ports or policies of the service. It keeps its Cluster IP. Returns when every node has the new
   * rules.
   *
   * Shell: `kubectl patch service NAME`.
   *
   * @throws LabError `BAD_NAME` for an invalid selector.
   */
  async update(change: Partial<Omit<ServiceSpec, "clusterIP" | "nodePort">>): Promise<void> {
    const spec = { ...this.#spec, ...change };
    this.#cluster.selected(spec);
    this.#spec = spec;
    await this.#cluster.changed(`${this.name}: changed`);
  }

  /** Removes the service and its rules on every node. Shell: `kubectl delete service NAME`. */
  remove(): Promise<void> {
    return this.#cluster.removeService(this);
  }

  /** Returns the service and its endpoints from the view of one node, as input for its rules. */
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
   * Returns the number of connections to each endpoint since its rules were written, by `10.244.1.3:8080`.
   *
   * Shell: `iptables -t nat -L -n -v` on every node.
   */
  async counts(): Promise<Readonly<Record<string, number>>> {
    return connectionCounts(this.portOn(""), await this.#cluster.dumps());
  }

  /** Draws the chains from the Cluster IP to each endpoint, with the expected and the counted connections. */
  async picture(): Promise<Picture> {
    const pods = this.endpoints.map((end) => [endpointText(end), `${end.pod} · ${end.node}`] as const);
    return servicePicture(serviceView(this.portOn(""), Object.fromEntries(pods), await this.counts()));
  }

  /** Returns a description in the format of `kubectl describe service`. */
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
