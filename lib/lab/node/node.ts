import type { ShellAnswer } from "../../engine";
import { imageTag } from "../../setup/images";
import { withoutUndefined } from "../../without-undefined";
import { addressAt, type Cidr } from "../cidr/cidr";
import { AddressPool } from "../cidr/pool";
import { type LabContext, networkCapabilities } from "../context/lab-context";
import { ContainerPlace, type PlaceParts } from "../place/place";
import { DescribedPod } from "../pod/described-pod";
import { NodePod } from "../pod/node-pod";
import type { Pod, PodSpec } from "../pod/pod";
import { planPod } from "../pod/spec/node-pod-spec";
import type { EngineRuntime } from "../runtime/engine-runtime";
import { jumpInput } from "../service/rules/restore";
import { NodeShell, networkError } from "./node-shell";
import { type NodeSpec, SYSCTLS } from "./node-spec";
import { Prober } from "./prober";
import { bridgeScript, growScript, POD_BRIDGE, routeScript, vethName, vethScript } from "./wiring";

const DEFAULT_MTU_BYTES = 1500;

/** The part of the cluster that a node uses. */
export interface NodeCluster {
  readonly context: LabContext;
  /** All pod ranges of the cluster. */
  readonly podRanges: readonly string[];
  removeNode(node: Node): Promise<void>;
  /** Called when a pod was started, and when it ended. */
  added(pod: NodePod): void;
  removed(pod: NodePod): void;
  /** Resolves when the rules of every node match the current state of the pods. */
  changed(cause: string, at?: number): Promise<void>;
}

/**
 * A node of the cluster: a container whose network namespace forwards packets between the bridge of its pods and the
 * network of the nodes.
 *
 * @example
 * import { Lab } from "wirebook";
 * const lab = await Lab.open("node-example");
 * const node = await lab.node("node1", { podCidr: "10.244.1.0/24" });
 * await node.pod("web", { image: "web", labels: { app: "web" } });
 * await node.sh`ip route`;
 * await lab.close();
 */
export class Node extends ContainerPlace {
  /** The node's address on the network of the nodes. */
  readonly address: string;
  /** The node's chunk of the pod range: `10.244.1.0/24`. */
  readonly podCidr: string;
  /** The bridge's address and the gateway of the pods: the first usable address of the chunk. */
  readonly gateway: string;
  /** Name of the bridge that connects its pods. */
  readonly bridge = POD_BRIDGE;
  readonly #cluster: NodeCluster;
  readonly #runtime: EngineRuntime;
  readonly #pid: number;
  readonly #prefixLength: number;
  readonly #pool: AddressPool;
  readonly #prober: Prober;
  readonly #shell: NodeShell;
  readonly #pods = new Map<string, NodePod>();
  #routed = false;
  #mtuBytes: number | undefined;

  private constructor(
    parts: PlaceParts,
    cluster: NodeCluster,
    runtime: EngineRuntime,
    chunk: Cidr,
    about: { pid: number; address: string },
  ) {
    super(parts);
    this.#cluster = cluster;
    this.#runtime = runtime;
    this.#pid = about.pid;
    this.address = about.address;
    this.podCidr = chunk.text;
    this.#prefixLength = chunk.prefixLength;
    this.gateway = addressAt(chunk, 1);
    this.#pool = new AddressPool(chunk, {
      where: parts.name,
      code: "POD_CIDR_EXHAUSTED",
      advice: "A node's chunk has a fixed size. Remove a pod, or add a node, which gets its own chunk.",
    });
    this.#pool.take("bridge");
    this.#prober = new Prober(this.engine, this.container, this.name);
    this.#shell = new NodeShell(this.name, () => this.netnsHandle());
  }

  /** Starts the container, creates its bridge, and inserts the jumps to kube-proxy's chains. */
  static async start(
    cluster: NodeCluster,
    runtime: EngineRuntime,
    name: string,
    chunk: Cidr,
    spec: NodeSpec = {},
  ): Promise<Node> {
    const { context } = cluster;
    const info = await runtime.run({
      ...runtime.spec(name, "node", imageTag("base")),
      network: context.network,
      capabilities: networkCapabilities,
      sysctls: { ...SYSCTLS, ...spec.sysctls },
    });
    const address = info.networks.find(({ network }) => network === context.network)?.address ?? "";
    const detail = `pod CIDR ${chunk.text}`;
    const parts = { name, kind: "node" as const, engine: runtime.engine, container: info.id, detail };
    const node = new Node({ ...parts, ...runtime.access(name, info.pid) }, cluster, runtime, chunk, {
      pid: info.pid,
      address,
    });
    try {
      const { gateway, podCidr } = node;
      const bridge = bridgeScript({
        gateway,
        prefixLength: chunk.prefixLength,
        podCidr,
        podRanges: cluster.podRanges,
      });
      const setup = `${bridge}\niptables-restore --noflush <<'END'\n${jumpInput()}END`;
      const facts = await node.#shell.must(
        `${setup}\nip -o link show eth0\ncat /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null || :`,
      );
      node.#routed = !/^1$/m.test(facts);
      // An overlay network encapsulates packets, so the pods need its smaller MTU.
      const mtuBytes = Number(/ mtu (\d+)/.exec(facts)?.[1] ?? DEFAULT_MTU_BYTES);
      if (mtuBytes !== DEFAULT_MTU_BYTES) node.#mtuBytes = mtuBytes;
      return node;
    } catch (error) {
      await node.end();
      throw error;
    }
  }

  /** The pods on this node, by name. */
  get pods(): ReadonlyMap<string, Pod<"node">> {
    return this.#pods;
  }

  /** False when its container has ended. */
  get alive(): boolean {
    return this.#shell.open;
  }

  /**
   * True if packets between two pods of this node are routed instead of bridged. This is the case if iptables doesn't see
   * bridged packets: the kernel has no br_netfilter, or `net.bridge.bridge-nf-call-iptables` is 0.
   */
  get routed(): boolean {
    return this.#routed;
  }

  /** Number of addresses of its chunk in use, including the bridge's. */
  get usedAddresses(): number {
    return this.#pool.taken.size;
  }

  /** Number of free addresses in its chunk. */
  get freeAddresses(): number {
    return this.#pool.free;
  }

  /**
   * Starts a pod on this node: a pause container that owns the network namespace, and one app container for each entry
   * of `apps` that joins it. Returns when the pod is ready and is an endpoint of every service that selects it.
   *
   * Shell: `docker run -d --net=none --name pause …`, `ip link add … type veth peer name eth0 netns …`, then
   * `docker run -d --net=container:pause …` for each app.
   *
   * @param name - unique in the lab; becomes the host name.
   * @param spec - default: one app from the `base` image that sleeps.
   * @throws LabError `NODE_DOWN`, `POD_CIDR_EXHAUSTED`, `ADDRESS_TAKEN`, `NAME_TAKEN`, `BAD_NAME`, `BAD_PORT`,
   *   `IMAGE_MISSING`, `COMMAND_MISSING`, `CONTAINER_EXITED`, `NOT_READY`.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("node-pod-example");
   * const node = await lab.node("node1");
   * const web = await node.pod("web", { image: "web", readiness: { tcp: 80 } });
   * console.log(web.address);
   * await lab.close();
   */
  pod(name: string, spec: PodSpec<"node"> = {}): Promise<Pod<"node">> {
    return this.#cluster.context.addPlace("pod", name, () => this.#start(name, spec));
  }

  /**
   * Describes a pod without starting it. The result has no address, and lists the commands that would start the pod.
   *
   * @throws LabError `BAD_NAME`, `BAD_PORT`, `BAD_ADDRESS`.
   */
  describe(name: string, spec: PodSpec<"node"> = {}): DescribedPod {
    return new DescribedPod(this.name, planPod(name, spec), () => this.pod(name, spec));
  }

  async #start(name: string, spec: PodSpec<"node">): Promise<NodePod> {
    const cluster = this.#cluster;
    this.#shell.checkAlive();
    const plan = planPod(name, spec);
    const pod = await NodePod.start(
      {
        name: this.name,
        runtime: this.#runtime,
        plug: (pod, podPid, address) => this.#plug(pod, podPid, address),
        unplugged: (veth) => this.#shell.untilUnlinked(veth),
        takeAddress: (owner, wanted) =>
          wanted === undefined ? this.#pool.take(owner) : this.#pool.claim(wanted, owner),
        releaseAddress: (address) => this.#pool.release(address),
        probe: (pod) => this.#probe(pod),
        forget: async (pod) => {
          this.#pods.delete(pod.name);
          cluster.removed(pod);
          await this.#prober.forget(pod.name);
        },
        changed: (cause, at) => cluster.changed(cause, at),
      },
      plan,
    );
    this.#pods.set(name, pod);
    cluster.added(pod);
    try {
      await this.#probe(pod);
      if (plan.readiness === undefined) await pod.checkStarted();
      else await pod.untilReady();
      await cluster.changed(`${name}: started`);
      return pod;
    } catch (error) {
      await pod.end("it could not be started");
      throw error;
    }
  }

  /**
   * Adds a route to the pods of another node. Shell: `ip route replace CIDR via NODE`.
   *
   * @throws LabError `COMMAND_FAILED`, `NODE_DOWN`.
   */
  async routeTo(other: Node): Promise<void> {
    await this.#shell.must(routeScript(other.podCidr, other.address));
  }

  /** Exempts traffic from this node's pods to another pod range from masquerading. */
  async allowPodRange(range: string): Promise<void> {
    await this.#shell.must(growScript(this.podCidr, range));
  }

  /** Deletes the route to the pods of a node that was removed. Shell: `ip route del CIDR`. */
  async unroute(other: Node): Promise<void> {
    if (this.#shell.open) await this.#shell.ask(`ip route del ${other.podCidr}`);
  }

  /**
   * Runs `iptables-restore --noflush` with this input in the node's namespace.
   *
   * @throws LabError `COMMAND_FAILED`, `NODE_DOWN`.
   */
  async restore(input: string): Promise<void> {
    await this.#shell.must(`iptables-restore --noflush <<'END'\n${input}END`);
  }

  /** Runs a shell script in the node's namespace. */
  async inside(script: string): Promise<ShellAnswer> {
    return this.#shell.ask(script);
  }

  /** Handles the end of its container: its namespace and the links of its pods are gone, so its pods end too. */
  async noteEnd(): Promise<void> {
    this.#shell.close();
    this.#prober.close();
    this.#runtime.toolbox.leave(this.#pid);
    await Promise.all([...this.#pods.values()].map((pod) => pod.end(`${this.name} died`)));
  }

  /** Ends its pods, removes the node, and deletes the routes to it. Shell: `kubectl delete node NAME`. */
  remove(): Promise<void> {
    return this.#cluster.removeNode(this);
  }

  /** Ends its pods and removes its container. */
  async end(): Promise<void> {
    this.#shell.close();
    this.#prober.close();
    await Promise.all([...this.#pods.values()].map((pod) => pod.end(`${this.name} was removed`)));
    this.#runtime.toolbox.leave(this.#pid);
    await this.#runtime.remove(this.container);
    this.#cluster.context.pool.release(this.address);
  }

  /** Closes its open streams. */
  close(): void {
    this.#prober.close();
  }

  async #plug(pod: string, podPid: number, address: string): Promise<void> {
    const { gateway } = this;
    const wire = {
      podPid,
      veth: vethName(pod),
      address,
      gateway,
      prefixLength: this.#prefixLength,
      routed: this.#routed,
      ...withoutUndefined({ mtuBytes: this.#mtuBytes }),
    };
    const { shell } = this.#runtime.toolbox;
    const answer = await shell.run(vethScript({ ...wire, nodePid: this.#pid }));
    if (answer.exitCode === 0) return;
    this.#shell.checkAlive();
    throw networkError(pod, answer, vethScript({ ...wire, nodePid: this.#pid }));
  }

  async #probe(pod: NodePod): Promise<void> {
    const { readiness } = pod.plan;
    if (readiness === undefined) return;
    // Handled in the background. A failure is visible in the pod's state.
    await this.#prober.watch(pod.name, pod.address, readiness, (ready) => {
      pod.noteProbe(ready).catch(() => undefined);
    });
  }
}
