import { setTimeout as pause } from "node:timers/promises";
import { type Engine, LabError, type ShellAnswer } from "../../engine";
import { imageTag } from "../../setup/images";
import { addressAt, type Cidr } from "../cidr/cidr";
import { AddressPool } from "../cidr/pool";
import { type LabContext, networkCapabilities } from "../context/lab-context";
import { ContainerPlace, type PlaceParts } from "../place/place";
import type { EngineRuntime } from "../runtime/engine-runtime";
import { jumpInput } from "../service/restore";
import { DescribedPod } from "./described";
import { NodePod } from "./pod";
import { type NodePodSpec, planPod } from "./pod-spec";
import { Prober } from "./prober";
import { bridgeScript, growScript, POD_BRIDGE, routeScript, vethName, vethScript } from "./wiring";

/** How a node is started. */
export interface NodeSpec {
  /** The node's chunk of the cluster's pod range. Default: the next free one. */
  readonly podCidr?: string;
  /** The engine of the lab on which it and its pods run, or its name. Default: the one with the fewest nodes. */
  readonly engine?: Engine | string;
  /** Further sysctls of its network namespace: `{ "net.ipv4.conf.all.rp_filter": "1" }`. */
  readonly sysctls?: Readonly<Record<string, string>>;
}

const SYSCTLS: Readonly<Record<string, string>> = {
  // A router, and nothing else makes pods of two nodes meet.
  "net.ipv4.ip_forward": "1",
  // kube-proxy sets it, for NodePorts on localhost.
  "net.ipv4.conf.all.route_localnet": "1",
  // A pod that is sent on to its neighbour by the node must not be told of a shorter way.
  "net.ipv4.conf.all.send_redirects": "0",
  "net.ipv4.conf.default.send_redirects": "0",
};

const USUAL_MTU = 1500;

/** How long the kernel may take to remove the link of a namespace that ended, and how often it is looked at. */
const UNPLUG_TIMEOUT_MS = 20_000;
const UNPLUG_LOOK_MS = 10;

/** What a node tells its cluster. */
export interface NodeCluster {
  readonly context: LabContext;
  /** All ranges of the cluster's pods. */
  readonly podRanges: readonly string[];
  removeNode(node: Node): Promise<void>;
  /** A pod was started, or ended. */
  added(pod: NodePod): void;
  removed(pod: NodePod): void;
  /** Resolves when the rules of every node agree with what the pods are now. */
  changed(cause: string, at?: number): Promise<void>;
}

/**
 * A node: a container with a network namespace of its own, that forwards packets between its pods' bridge and the
 * network on which all nodes meet.
 *
 * ```ts
 * const n1 = await lab.node("node1", { podCidr: "10.244.1.0/24" });
 * const web = await n1.pod("web", { image: "web", labels: { app: "web" } });
 * await n1.sh`ip route`;
 * ```
 */
export class Node extends ContainerPlace {
  /** Its address on the network of the nodes. */
  readonly address: string;
  /** Its chunk of the pod range: `10.244.1.0/24`. */
  readonly podCidr: string;
  /** The bridge's address, and the default route of its pods: the first address of the chunk. */
  readonly gateway: string;
  /** Name of the bridge that its pods are plugged into. */
  readonly bridge = POD_BRIDGE;
  readonly #cluster: NodeCluster;
  readonly #runtime: EngineRuntime;
  readonly #pid: number;
  readonly #prefixLength: number;
  readonly #pool: AddressPool;
  readonly #prober: Prober;
  readonly #pods = new Map<string, NodePod>();
  #alive = true;
  #routed = false;
  #mtu: number | undefined;

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
      advice: "A node's chunk never grows: remove a pod, or add a node, which brings a chunk of its own.",
    });
    this.#pool.take("bridge");
    this.#prober = new Prober(this.engine, this.container, this.name);
  }

  /** Starts the container, makes its bridge, and puts kube-proxy's jumps in place. */
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
      const setUp = `${bridge}\niptables-restore --noflush <<'END'\n${jumpInput()}END`;
      const facts = await node.#must(
        `${setUp}\nip -o link show eth0\ncat /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null || :`,
      );
      node.#routed = !/^1$/m.test(facts);
      // On an overlay a packet has an envelope around it: what pods send must leave room for that.
      const mtu = Number(/ mtu (\d+)/.exec(facts)?.[1] ?? USUAL_MTU);
      if (mtu !== USUAL_MTU) node.#mtu = mtu;
      return node;
    } catch (error) {
      await node.end();
      throw error;
    }
  }

  /** The pods that run on it, by name. */
  get pods(): ReadonlyMap<string, NodePod> {
    return this.#pods;
  }

  /** False once its container has ended. */
  get alive(): boolean {
    return this.#alive;
  }

  /**
   * True where bridged packets do not meet the node's rules, so that even pods of one node speak through it: the
   * machine's kernel has no br_netfilter, or `net.bridge.bridge-nf-call-iptables` is 0.
   */
  get routed(): boolean {
    return this.#routed;
  }

  /** How many addresses of its chunk are given out, the bridge's counted. */
  get usedAddresses(): number {
    return this.#pool.taken.size;
  }

  /** How many pods it still has addresses for. */
  get freeAddresses(): number {
    return this.#pool.free;
  }

  /**
   * Starts a pod on this node: a pause container that owns the network namespace, and one app container for each entry
   * of `apps` that joins it. Returns when it is ready, and every service that selects it has it as an endpoint.
   *
   * Shell: `docker run -d --net=none --name pause …`, `ip link add … type veth peer name eth0 netns …`, then
   * `docker run -d --net=container:pause …` for each app.
   *
   * @param name - unique on the lab; becomes the host name.
   * @throws LabError `NODE_DOWN`, `POD_CIDR_EXHAUSTED`, `ADDRESS_TAKEN`, `NAME_TAKEN`, `BAD_NAME`, `BAD_PORT`,
   *   `IMAGE_MISSING`, `COMMAND_MISSING`, `CONTAINER_EXITED`, `NOT_READY`.
   */
  pod(name: string, spec: NodePodSpec = {}): Promise<NodePod> {
    return this.#cluster.context.addPlace("pod", name, () => this.#start(name, spec));
  }

  /**
   * Describes a pod without starting it: it has no address yet, and tells what starting it would do.
   *
   * @throws LabError `BAD_NAME`, `BAD_PORT`, `BAD_ADDRESS`.
   */
  describe(name: string, spec: NodePodSpec = {}): DescribedPod {
    return new DescribedPod(this.name, planPod(name, spec), () => this.pod(name, spec));
  }

  async #start(name: string, spec: NodePodSpec): Promise<NodePod> {
    const cluster = this.#cluster;
    this.#checkAlive();
    const plan = planPod(name, spec);
    const pod = await NodePod.start(
      {
        name: this.name,
        runtime: this.#runtime,
        plug: (pod, podPid, address) => this.#plug(pod, podPid, address),
        unplugged: (veth) => this.#unplugged(veth),
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
   * Tells this node where the pods of another live. Shell: `ip route replace CIDR via NODE`.
   *
   * @throws LabError `COMMAND_FAILED`, `NODE_DOWN`.
   */
  async routeTo(other: Node): Promise<void> {
    await this.#must(routeScript(other.podCidr, other.address));
  }

  /** Lets pods reach a further range of the cluster's untranslated. */
  async letReach(range: string): Promise<void> {
    await this.#must(growScript(this.podCidr, range));
  }

  /** Forgets where the pods of a node that left were. Shell: `ip route del CIDR`. */
  async unroute(other: Node): Promise<void> {
    if (this.#alive) await this.#ask(`ip route del ${other.podCidr}`);
  }

  /**
   * Gives `iptables-restore --noflush` this input, in the node's namespace.
   *
   * @throws LabError `COMMAND_FAILED`, `NODE_DOWN`.
   */
  async restore(input: string): Promise<void> {
    await this.#must(`iptables-restore --noflush <<'END'\n${input}END`);
  }

  /** Runs a script in the node's namespace. */
  async inside(script: string): Promise<ShellAnswer> {
    return this.#ask(script);
  }

  /** Takes note that its container ended: its pods' links went with its namespace. */
  async noteEnd(): Promise<void> {
    this.#alive = false;
    this.#prober.close();
    this.#runtime.toolbox.leave(this.#pid);
    await Promise.all([...this.#pods.values()].map((pod) => pod.end(`${this.name} died`)));
  }

  /** Ends its pods, removes it, and takes the routes to it away. Shell: `kubectl delete node NAME`. */
  remove(): Promise<void> {
    return this.#cluster.removeNode(this);
  }

  /** Ends its pods and its container. */
  async end(): Promise<void> {
    this.#alive = false;
    this.#prober.close();
    await Promise.all([...this.#pods.values()].map((pod) => pod.end(`${this.name} was removed`)));
    this.#runtime.toolbox.leave(this.#pid);
    await this.#runtime.remove(this.container);
    this.#cluster.context.pool.release(this.address);
  }

  /** Lets go of what it holds open. */
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
      ...(this.#mtu === undefined ? {} : { mtu: this.#mtu }),
    };
    const { shell } = this.#runtime.toolbox;
    const answer = await shell.run(vethScript({ ...wire, nodePid: this.#pid }));
    if (answer.exitCode === 0) return;
    this.#checkAlive();
    throw failed(pod, answer, vethScript({ ...wire, nodePid: this.#pid }));
  }

  async #unplugged(veth: string): Promise<void> {
    const end = performance.now() + UNPLUG_TIMEOUT_MS;
    while (this.#alive && (await this.#ask(`ip link show dev ${veth}`)).exitCode === 0) {
      if (performance.now() > end) {
        throw new LabError("TIMED_OUT", {
          where: this.name,
          found: `${veth} is still there ${UNPLUG_TIMEOUT_MS} ms after its pod ended`,
          advice: "A process of the pod may still hold its network namespace: docker ps.",
        });
      }
      await pause(UNPLUG_LOOK_MS);
    }
  }

  async #probe(pod: NodePod): Promise<void> {
    const { readiness } = pod.plan;
    if (readiness === undefined) return;
    // What follows from an answer is done in the background: a failure of it shows in the pod's next state.
    await this.#prober.watch(pod.name, pod.address, readiness, (ready) => {
      pod.noteProbe(ready).catch(() => undefined);
    });
  }

  async #must(script: string): Promise<string> {
    const answer = await this.#ask(script);
    if (answer.exitCode !== 0) throw failed(this.name, answer, script);
    return answer.stdout;
  }

  async #ask(script: string): Promise<ShellAnswer> {
    this.#checkAlive();
    try {
      return await (await this.netnsHandle()).shell.run(script);
    } catch (error) {
      if (error instanceof LabError && error.code === "CONTAINER_GONE") throw this.#down(error);
      throw error;
    }
  }

  #checkAlive(): void {
    if (!this.#alive) throw this.#down();
  }

  #down(cause?: unknown): LabError {
    return new LabError("NODE_DOWN", {
      where: this.name,
      found: "the node does not run any more: its container ended",
      advice: `Run the pod on another node, or make a new one: lab.node("${this.name}-b").`,
      cause,
    });
  }
}

function failed(where: string, answer: ShellAnswer, script: string): LabError {
  const said = (answer.stderr.trim() || answer.stdout.trim()).replace(/\s*\n\s*/g, " ");
  return new LabError("COMMAND_FAILED", {
    where,
    found: `the network could not be set up: ${said || `exit code ${answer.exitCode}`}`,
    advice: "The cause has the commands that ran.",
    cause: new Error(script),
  });
}
