import type { AddressRange } from "../../chart/addresses";
import { type EngineEvent, LabError } from "../../engine";
import type { LabContext } from "../context/lab-context";
import { checkName } from "../context/name";
import type { NodePod } from "../pod/node-pod";
import type { Pod } from "../pod/pod";
import { checkLabels, selects } from "../pod/spec/node-pod-spec";
import { type RuleChange, ServiceController } from "../service/controller";
import type { ProxyOptions } from "../service/model";
import { chooseNodePort } from "../service/node-port";
import { type SelectedPod, Service } from "../service/service";
import { checkService, type ServiceSpec, selectorText } from "../service/spec";
import { ContainerEvents } from "./container-events";
import { Node } from "./node";
import type { NodeSpec } from "./node-spec";
import { type ClusterOptions, ClusterRanges } from "./ranges";

export type { ClusterOptions } from "./ranges";

const clusters = new WeakMap<LabContext, Cluster>();

/**
 * The nodes, pods and services of one lab. Acts as the cluster's control plane: assigns address ranges, follows the
 * engine's events, and updates the rules of every node.
 *
 * @example
 * import { Lab } from "wirebook";
 * const lab = await Lab.open("cluster-example");
 * await lab.node("node1");
 * console.log(lab.cluster.podRange, [...lab.cluster.nodes.keys()]);
 * await lab.close();
 */
export class Cluster {
  readonly context: LabContext;
  readonly #ranges: ClusterRanges;
  readonly #nodes = new Map<string, Node>();
  readonly #pods = new Map<string, NodePod>();
  readonly #byName = new Map<string, Service>();
  readonly #controller: ServiceController;
  readonly #events: ContainerEvents;

  private constructor(context: LabContext, options: ClusterOptions) {
    this.context = context;
    this.#ranges = new ClusterRanges(context.subnet, options);
    this.#controller = new ServiceController({
      nodes: () => [...this.#nodes.values()],
      services: (node) => [...this.#byName.values()].map((service) => service.portOn(node.name)),
      options: (node) => this.proxyOptions(node.name),
    });
    this.#events = new ContainerEvents(context, (event) => this.#onEvent(event));
    context.onClose(() => this.#close());
  }

  /**
   * Returns the cluster of a lab. The first call creates it.
   *
   * @param options - used by the first call only. Default: ranges that don't overlap the lab's network.
   * @throws LabError `BAD_ADDRESS`, `CIDR_OVERLAP`.
   */
  static on(context: LabContext, options: ClusterOptions = {}): Cluster {
    const known = clusters.get(context);
    if (known) return known;
    const made = new Cluster(context, options);
    clusters.set(context, made);
    return made;
  }

  /** Returns the cluster of a lab, or undefined if it has none. */
  static of(context: LabContext): Cluster | undefined {
    return clusters.get(context);
  }

  /** The first pod range of the cluster: `10.244.0.0/16`. */
  get podRange(): string {
    return this.#ranges.pods.ranges[0]?.text ?? "";
  }

  /** All pod ranges: the first one, and those added by {@link grow}. */
  get podRanges(): readonly string[] {
    return this.#ranges.pods.ranges.map(({ text }) => text);
  }

  /**
   * Returns the options of kube-proxy on a node. It detects pod traffic by the cluster's range. Since kube-proxy supports
   * one range only, a cluster with several ranges uses the node's own chunk, like `--detect-local-mode=NodeCIDR`.
   */
  proxyOptions(node: string): ProxyOptions {
    const chunk = this.#ranges.pods.chunks.get(node)?.text;
    return { clusterCidr: this.podRanges.length === 1 || chunk === undefined ? this.podRange : chunk };
  }

  /**
   * Adds a pod range, from which new nodes get their chunks. Existing nodes keep theirs: a node's chunk never changes.
   *
   * Shell: `iptables -t nat -I POSTROUTING 2 -s CHUNK -d RANGE -j RETURN` on every node, so that pod traffic to the new
   * range is not masqueraded.
   *
   * @param range - an IPv4 range such as `10.245.0.0/16`.
   * @throws LabError `BAD_ADDRESS`, `CIDR_OVERLAP`.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("grow-example");
   * await lab.node("node1");
   * await lab.cluster.grow("10.245.0.0/16");
   * console.log(lab.cluster.podRanges);
   * await lab.close();
   */
  async grow(range: string): Promise<void> {
    this.#ranges.pods.grow(range);
    const nodes = [...this.#nodes.values()].filter((node) => node.alive);
    await Promise.all(nodes.map((node) => node.allowPodRange(range)));
    await this.changed(`the cluster grew by ${range}`);
  }

  get nodes(): ReadonlyMap<string, Node> {
    return this.#nodes;
  }

  get pods(): ReadonlyMap<string, Pod<"node">> {
    return this.#pods;
  }

  get services(): ReadonlyMap<string, Service> {
    return this.#byName;
  }

  /** Every change of the rules, oldest first. */
  get changes(): readonly RuleChange[] {
    return this.#controller.changes;
  }

  get controller(): ServiceController {
    return this.#controller;
  }

  /**
   * Starts a node, and adds a route to its pod CIDR on every other node and the reverse.
   *
   * Shell: `docker run -d --name NAME …`, then `ip route replace CIDR via NODE` on every node.
   *
   * @param name - unique in the lab; becomes the host name.
   * @throws LabError `BAD_NAME`, `NAME_TAKEN`, `CIDR_OVERLAP`, `CIDR_EXHAUSTED`, `BAD_ADDRESS`, `IMAGE_MISSING`.
   */
  node(name: string, spec: NodeSpec = {}): Promise<Node> {
    return this.context.addPlace("node", name, () => this.#start(name, spec));
  }

  async #start(name: string, spec: NodeSpec): Promise<Node> {
    const runtime = this.context.runtimeFor("node", name, spec.engine);
    const chunk = this.#ranges.pods.claim(name, spec.podCidr);
    let node: Node | undefined;
    try {
      const subscribed = this.#events.subscribe();
      [node] = await Promise.all([Node.start(this, runtime, name, chunk, spec), subscribed]);
      return await this.#join(node);
    } catch (error) {
      if (node) await this.removeNode(node);
      this.#ranges.pods.release(name);
      throw error;
    }
  }

  async #join(node: Node): Promise<Node> {
    const others = [...this.#nodes.values()].filter((other) => other.alive);
    this.#nodes.set(node.name, node);
    this.context.register(node);
    this.#events.retry();
    await Promise.all(others.flatMap((other) => [node.routeTo(other), other.routeTo(node)]));
    await this.changed(`${node.name}: joined`);
    return node;
  }

  /** Ends the pods of a node, removes the node, and deletes the routes to it. Shell: `kubectl delete node NAME`. */
  async removeNode(node: Node): Promise<void> {
    this.#nodes.delete(node.name);
    this.context.forget(node);
    await node.end();
    await Promise.all([...this.#nodes.values()].map((other) => other.unroute(node)));
    this.#ranges.pods.release(node.name);
  }

  /**
   * Creates a service. Returns when every node has its rules.
   *
   * Shell: `kubectl create service`; kube-proxy then writes the rules with `iptables-restore --noflush` on every node.
   *
   * @throws LabError `BAD_NAME`, `NAME_TAKEN`, `BAD_PORT`, `PORT_IN_USE`, `SELECTOR_EMPTY`, `ADDRESS_TAKEN`,
   *   `CIDR_EXHAUSTED`.
   */
  async service(name: string, spec: ServiceSpec): Promise<Service> {
    this.context.check();
    checkName(name, "place");
    if (this.#byName.has(name)) {
      throw new LabError("NAME_TAKEN", {
        where: name,
        found: "the lab already has a service of this name",
        advice: "Choose another name, or remove the existing service: service.remove().",
      });
    }
    checkService(name, spec);
    this.#checkSelected(name, spec);
    const taken = new Map([...this.#byName.values()].map((each) => [each.nodePort, each.name]));
    const nodePort = chooseNodePort(name, spec.nodePort, taken);
    const { clusterIP: wanted } = spec;
    const clusterIP =
      wanted === undefined ? this.#ranges.services.take(name) : this.#ranges.services.claim(wanted, name);
    const service = new Service(this, name, spec, { clusterIP, nodePort });
    this.#byName.set(name, service);
    try {
      await this.changed(`${name}: created`);
      return service;
    } catch (error) {
      await this.removeService(service);
      throw error;
    }
  }

  async removeService(service: Service): Promise<void> {
    if (this.#byName.get(service.name) !== service) return;
    this.#byName.delete(service.name);
    this.#ranges.services.release(service.clusterIP);
    await this.changed(`${service.name}: removed`);
  }

  /** Returns the pods that match the selector, ready or not. */
  selected(spec: ServiceSpec): readonly SelectedPod[] {
    checkLabels(spec.selector, "selector");
    return [...this.#pods.values()]
      .filter((pod) => pod.phase !== "ended" && selects(spec.selector, pod.labels))
      .map((pod) => ({ name: pod.name, node: pod.node, address: pod.address, ready: pod.ready }));
  }

  /** Returns the output of `iptables-save -c -t nat` of every running node. */
  async dumps(): Promise<readonly string[]> {
    const nodes = [...this.#nodes.values()].filter((node) => node.alive);
    const answers = await Promise.all(nodes.map((node) => node.inside("iptables-save -c -t nat")));
    return answers.map(({ stdout }) => stdout);
  }

  /**
   * Returns the address ranges of the lab, the chunks allocated from them, and the number of addresses in use.
   *
   * @param plan - additional ranges by name, to check whether they fit. Default: none.
   */
  addresses(plan: Readonly<Record<string, string>> = {}): readonly AddressRange[] {
    const chunk = (node: string): number => this.#nodes.get(node)?.usedAddresses ?? 0;
    return this.#ranges.view({ machines: this.context.pool.taken.size, chunk }, plan);
  }

  /** A line for each service, for pictures of the lab: a service has no interface, only rules. */
  get notes(): readonly string[] {
    return [...this.#byName.values()].map(
      ({ name, clusterIP, port, endpoints }) =>
        `service ${name} ${clusterIP}:${port} → ${endpoints.map(({ pod }) => pod).join(", ") || "no endpoint"}: only in the rules of every node, not on any interface`,
    );
  }

  /** Resolves when the rules of every node match the current state. See {@link ServiceController.changed}. */
  changed(cause: string, at?: number): Promise<void> {
    return this.#controller.changed(cause, at);
  }

  /** Registers a pod that was started. */
  added(pod: NodePod): void {
    this.#pods.set(pod.name, pod);
    this.context.register(pod);
    this.#events.retry();
  }

  /** Unregisters a pod that ended. */
  removed(pod: NodePod): void {
    if (this.#pods.get(pod.name) === pod) this.#pods.delete(pod.name);
    this.context.forget(pod);
  }

  /** Returns false for a container that is not registered yet. */
  #onEvent(event: EngineEvent): boolean {
    const pod = [...this.#pods.values()].find(
      ({ pause, apps }) =>
        pause === event.id || [...apps.values()].some(({ container }) => container === event.id),
    );
    const node = [...this.#nodes.values()].find(({ container }) => container === event.id);
    // Handled in the background. A failure is visible in the state of the pod or node.
    if (pod) pod.noteEvent(event).catch(() => undefined);
    else if (node && event.action === "die" && node.alive) node.noteEnd().catch(() => undefined);
    return pod !== undefined || node !== undefined;
  }

  #checkSelected(name: string, spec: ServiceSpec): void {
    if (spec.allowEmpty === true || this.selected(spec).length > 0) return;
    const labels = [...this.#pods.values()].map(
      (pod) => `${pod.name} (${selectorText(pod.labels) || "no labels"})`,
    );
    throw new LabError("SELECTOR_EMPTY", {
      where: name,
      found: `no pod matches ${selectorText(spec.selector)}; ${labels.length === 0 ? "the lab has no pods" : `the pods are: ${labels.join(", ")}`}`,
      advice: "Add the label to the pods, or allow a service without pods: { allowEmpty: true }.",
    });
  }

  async #close(): Promise<void> {
    this.#controller.close();
    for (const node of this.#nodes.values()) node.close();
    await this.#events.close();
  }
}
