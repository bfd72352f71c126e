import { addressesPicture } from "../chart/addresses";
import type { Picture } from "../chart/picture";
import { topologyPicture } from "../chart/topology";
import { type ContainerInfo, type ContainerSpec, Engine, LabError } from "../engine";
import type { Snapshot } from "../inspect/snapshot";
import type { World } from "../inspect/world";
import { LabContext } from "./context/lab-context";
import { checkName } from "./context/name";
import { DockerHost, type DockerHostSpec } from "./docker/docker-host";
import { Failures } from "./failure/failures";
import type { LabOptions } from "./lab-options";
import { Netns, type NetnsSpec } from "./link/netns";
import { addTapCable, type TapCable, type TapEnd } from "./link/tap";
import { addVeth, type Veth, type VethEnd } from "./link/veth";
import { Cluster } from "./node/cluster";
import type { Node } from "./node/node";
import type { NodeSpec } from "./node/node-spec";
import { Outside, startOutside } from "./outside";
import type { ContainerPlace, Place } from "./place/place";
import type { Pod, PodSpec } from "./pod/pod";
import { startPod } from "./pod/start-pod";
import { ForwardProxy, ReverseProxy } from "./proxy/proxy";
import type { ProxySpec, ReverseSpec } from "./proxy/spec";
import { labClasses } from "./recording/lab-classes";
import { openRecordedOrLive } from "./recording/open-lab";
import { RecordedClasses } from "./recording/recorded-classes";
import { openEngines } from "./runtime/engines";
import { Progress } from "./runtime/progress";
import { type Diagnosis, diagnose } from "./service/diagnosis/diagnosis";
import { gather } from "./service/diagnosis/gather";
import type { Service } from "./service/service";
import type { ServiceSpec } from "./service/spec";
import { disableShellCells, enableShellCells } from "./shell-cell";
import { LabDiff } from "./topology/diff";
import { EngineMachine } from "./topology/engine-machine";
import { inspectWorld, lookAt } from "./topology/world";
import { Capture } from "./trace/capture";
import type { PacketPath } from "./trace/packet-path";
import { predict } from "./trace/predict-path";
import { trace } from "./trace/trace-packet";
import type { TraceRequest } from "./trace/trace-request";

/**
 * A lab: one network with the containers, network namespaces and rules that you add to it, and an {@link Outside}.
 * Everything it creates carries Wirebook's labels. It is removed when the lab is closed or when the process ends, even
 * if the process is killed.
 *
 * @example
 * import { Lab } from "wirebook";
 * const lab = await Lab.open("lab-example");
 * const host = await lab.dockerHost("host1");
 * await host.run("web", { image: "web", publish: { 8080: 80 } });
 * await lab.outside.sh`curl -s http://${host.address}:8080/`;
 * await lab.close();
 */
export class Lab {
  readonly name: string;
  /** The rest of the world: default gateway, name server and web server of the lab's network. */
  readonly outside: Outside;
  /** The network namespace of the engine's machine, for reading only. With several engines: the first engine's machine. */
  readonly host: EngineMachine;
  /** Breaks parts of the lab. Each failure can be undone; closing the lab undoes those that remain. */
  readonly failures: Failures;
  /**
   * What all parts of the lab share: network, addresses, places, engine runtimes.
   *
   * @internal
   */
  readonly context: LabContext;

  private constructor(context: LabContext, outside: Outside) {
    this.context = context;
    this.name = context.name;
    this.outside = outside;
    this.host = new EngineMachine(context.session);
    this.failures = new Failures(context);
  }

  /**
   * Opens a lab: creates its network and starts the outside. If this process already has a lab with this name open, that
   * lab is closed first, so running a cell again starts from the beginning. Labs of other processes are not affected,
   * even if they have the same name.
   *
   * With the environment variable `WIREBOOK_RECORD=FILE`, all calls and results are recorded to that file. With
   * `WIREBOOK_REPLAY=FILE`, or if no engine answers and there is a recording next to the notebook, the calls are answered
   * from the recording and no container is started.
   *
   * After this call, a notebook cell that begins with `%%sh NAME` runs its lines in the place with that name.
   *
   * Shell: `docker network create --subnet SUBNET …`, then `docker run -d --network … wirebook/web`.
   *
   * @param name - lower-case letters, digits and hyphens, at most 40 characters; begins and ends with a letter or digit.
   * @param options - see {@link LabOptions}. Default: the default engine and a free subnet.
   * @throws LabError `BAD_NAME`, `NO_ENGINE`, `NO_PERMISSION`, `IMAGE_MISSING`, `SUBNET_TAKEN`, `BAD_ADDRESS`,
   *   `CIDR_EXHAUSTED`; with a recording `NOT_RECORDED`, `RECORDING_UNREADABLE`, `RECORDING_TOO_NEW`; with several engines
   *   also `ENGINE_GONE`, `ENGINE_TWICE`, `NOT_ONE_SWARM`, `NOT_READY`, `NOT_SUPPORTED`.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("open-example");
   * console.log(lab.subnet, [...lab.places.keys()]);
   * await lab.close();
   */
  static async open(name: string, options: LabOptions = {}): Promise<Lab> {
    checkName(name, "lab");
    const progress = new Progress();
    const open = () => progress.run(`lab ${name}`, () => Lab.#open(name, options, progress));
    // If a lab with this name is still opening, wait for it: #open can only close a lab that is open.
    const opening: Promise<Lab> = (Lab.#opening.get(name) ?? Promise.resolve())
      .catch(() => undefined)
      .then(() =>
        openRecordedOrLive([name, options], open, (value) => value instanceof Lab, recordedClasses),
      );
    Lab.#opening.set(name, opening);
    try {
      const lab = await opening;
      enableShellCells(name, lab);
      return lab;
    } finally {
      if (Lab.#opening.get(name) === opening) Lab.#opening.delete(name);
    }
  }

  static readonly #opening = new Map<string, Promise<Lab>>();

  static async #open(name: string, options: LabOptions, progress: Progress): Promise<Lab> {
    const [first, ...others] = await Promise.all((options.engines ?? []).map((each) => Lab.#connect(each)));
    const home = first ?? (await Lab.#connect(options.engine));
    const engines = await openEngines([home, ...others], progress);
    const sessions = engines.all.map(({ session }) => session);
    await Promise.all(sessions.map(({ labs }) => labs.get(name)?.shut()));
    const context = await LabContext.create(engines, name, options.subnet);
    try {
      if (options.cluster) Cluster.on(context, options.cluster);
      const lab = new Lab(context, await startOutside(context));
      for (const { labs } of sessions) labs.set(name, lab);
      return lab;
    } catch (error) {
      await context.close();
      throw error;
    }
  }

  static readonly #engines = new Map<string, Promise<Engine>>();

  // Reuses one connection per address. Connects again if the engine no longer answers on it.
  static async #connect(to: Engine | string = ""): Promise<Engine> {
    if (to instanceof Engine) return to;
    if (typeof to !== "string") {
      throw new LabError("NO_ENGINE", {
        where: String(to),
        found: "this is not a container engine",
        advice:
          "Pass the result of Engine.connect, or an address: unix:///var/run/docker.sock, ssh://me@two.",
      });
    }
    const known = await Lab.#engines.get(to)?.catch(() => undefined);
    if (known && (await known.answers())) return known;
    const engine = Engine.connect(to === "" ? {} : { host: to });
    Lab.#engines.set(to, engine);
    return engine;
  }

  /** The engine that the lab runs on. With several engines: the first one. */
  get engine(): Engine {
    return this.context.engine;
  }

  /** All engines that the lab runs on, by name. */
  get engines(): ReadonlyMap<string, Engine> {
    return new Map(this.context.runtimes.map(({ name, engine }) => [name, engine]));
  }

  /** IPv4 range of the lab's network, as CIDR. */
  get subnet(): string {
    return this.context.subnet.text;
  }

  /** The places of the lab, by name. Does not include containers that were started with `docker run` on a Docker host. */
  get places(): ReadonlyMap<string, Place> {
    return this.context.places;
  }

  /**
   * Returns the place with this name.
   *
   * @throws LabError `UNKNOWN_PLACE`, which lists the existing names.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("place-example");
   * await lab.place("outside").sh`ip addr`;
   * await lab.close();
   */
  place(name: string): Place {
    const place = this.places.get(name);
    if (place) return place;
    throw new LabError("UNKNOWN_PLACE", {
      where: this.name,
      found: `the lab has no pod, node, host or namespace named ${JSON.stringify(name)}`,
      advice:
        this.places.size === 0
          ? 'It has none yet. Create one first, for example: await lab.pod("client").'
          : `It has: ${[...this.places.keys()].join(", ")}.`,
    });
  }

  /**
   * Starts a Docker host: a container that runs its own dockerd. Waits until that engine answers.
   *
   * Shell: `docker run -d … wirebook/host --bip 172.17.0.1/16`.
   *
   * @param name - unique in the lab; becomes the host name.
   * @param spec - see {@link DockerHostSpec}. Default: docker0 has 172.17.0.1/16, the memory limit is 1 GiB.
   * @throws LabError `BAD_NAME`, `NAME_TAKEN`, `IMAGE_MISSING`, `CIDR_EXHAUSTED`, `UNKNOWN_ENGINE`, `NOT_READY`,
   *   `NOT_SUPPORTED`.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("docker-host-example");
   * const host = await lab.dockerHost("host1");
   * await host.docker("network", "ls");
   * await lab.close();
   */
  async dockerHost(name: string, spec: DockerHostSpec = {}): Promise<DockerHost> {
    const { context } = this;
    return context.addPlace("Docker host", name, () =>
      DockerHost.start(context, context.runtimeFor("docker-host", name, spec.engine), name, spec),
    );
  }

  /**
   * Starts a pod directly on the lab's network: a pause container that owns the network namespace, and one app container
   * for each entry of `spec.apps` that joins it. For a pod of a cluster, use {@link Node.pod}.
   *
   * Shell: `docker run -d --name pause …`, then `docker run -d --net=container:pause …`.
   *
   * @param name - unique in the lab; becomes the host name.
   * @param spec - see {@link PodSpec}. Default: one app from the `base` image that sleeps.
   * @throws LabError `BAD_NAME`, `NAME_TAKEN`, `IMAGE_MISSING`, `PORT_IN_USE`, `BAD_PORT`, `COMMAND_MISSING`,
   *   `CONTAINER_EXITED`, `CAPABILITY_REFUSED`, `CIDR_EXHAUSTED`, `NOT_READY`.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("pod-example");
   * const web = await lab.pod("web", { image: "web" });
   * await lab.outside.sh`curl -s http://${web.address}/`;
   * await lab.close();
   */
  async pod(name: string, spec: PodSpec<"network"> = {}): Promise<Pod<"network">> {
    const { context } = this;
    const { home } = context;
    const site = {
      engine: home.engine,
      network: context.network,
      name,
      base: (suffix: string, role: string, image: string) => {
        const common = home.spec(name, role, image);
        return { ...common, name: `${common.name}${suffix}` };
      },
      run: (each: ContainerSpec): Promise<ContainerInfo> => home.run(each),
      runApp: (each: ContainerSpec): Promise<ContainerInfo> => home.run(each),
      remove: (id: string): Promise<void> => home.remove(id),
      access: (pid: number) => home.access(name, pid),
    };
    return context.addPlace("pod", name, () => startPod(site, spec));
  }

  /**
   * Starts a forward proxy (tinyproxy) on the lab's network. Clients send their requests to it, and it opens its own
   * connection to the server.
   *
   * Shell: `tinyproxy -d -c FILE` in a container.
   *
   * @param name - unique in the lab; becomes the host name.
   * @throws LabError `NAME_TAKEN`, `BAD_PORT`, `BAD_ADDRESS`, `BAD_NAME`, `IMAGE_MISSING`, `NOT_READY`.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("proxy-example");
   * const client = await lab.pod("client");
   * const proxy = await lab.proxy("proxy", { forward: { names: { "shop.example": lab.outside.address } } });
   * await client.sh`curl -s -x ${proxy.url} http://shop.example/`;
   * await lab.close();
   */
  async proxy(name: string, spec: ProxySpec): Promise<ForwardProxy> {
    return this.context.addPlace("proxy", name, () => ForwardProxy.start(this.context, name, spec));
  }

  /**
   * Starts a reverse proxy (HAProxy) on the lab's network. It accepts requests and forwards each to one of its upstream
   * servers.
   *
   * Shell: `haproxy -f FILE` in a container.
   *
   * @param name - unique in the lab; becomes the host name.
   * @throws LabError `NAME_TAKEN`, `BAD_PORT`, `BAD_ADDRESS`, `BAD_NAME`, `BAD_NUMBER`, `SELECTOR_EMPTY`, `NOT_SUPPORTED`,
   *   `IMAGE_MISSING`, `NOT_READY`.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("reverse-proxy-example");
   * const web = await lab.pod("web", { image: "web" });
   * const shop = await lab.reverseProxy("shop", { upstreams: [web] });
   * console.log(shop.config);
   * await lab.close();
   */
  async reverseProxy(name: string, spec: ReverseSpec): Promise<ReverseProxy> {
    return this.context.addPlace("reverse proxy", name, () => ReverseProxy.start(this.context, name, spec));
  }

  /**
   * Creates a network namespace that has only a loopback link.
   *
   * Shell: `ip netns add NAME`, `ip -n NAME link set lo up`.
   *
   * @param name - unique in the lab.
   * @param spec - see {@link NetnsSpec}. Default: does not forward, on the lab's first engine.
   * @throws LabError `BAD_NAME`, `NAME_TAKEN`, `UNKNOWN_ENGINE`.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("netns-example");
   * const router = await lab.netns("router", { forward: true });
   * await router.sh`ip addr`;
   * await lab.close();
   */
  async netns(name: string, spec: NetnsSpec = {}): Promise<Netns> {
    const { context } = this;
    return context.addPlace("namespace", name, () => {
      const runtime =
        spec.engine === undefined ? context.home : context.runtimeFor("netns", name, spec.engine);
      return Netns.start(runtime, name, spec);
    });
  }

  /**
   * Creates a veth pair between two places on the same engine, and sets both ends up.
   *
   * Adds the addresses and sets both ends up.
   *
   * Shell: `ip link add LINK_A netns A type veth peer name LINK_B netns B`, then `ip addr add`, `ip link set up` in each.
   *
   * @throws LabError `NAME_TAKEN`, `BAD_NAME`, `BAD_ADDRESS`; `NOT_SUPPORTED` if the places are on different engines.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("veth-example");
   * const [a, b] = await Promise.all([lab.netns("a"), lab.netns("b")]);
   * await lab.veth({ place: a, name: "eth0", address: "10.1.0.1/24" }, { place: b, name: "eth0", address: "10.1.0.2/24" });
   * await a.sh`ping -c1 10.1.0.2`;
   * await lab.close();
   */
  veth(a: VethEnd, b: VethEnd): Promise<Veth> {
    this.context.check();
    return addVeth(a, b);
  }

  /**
   * Creates two tap devices on the same engine, and starts a program that copies each frame from one to the other.
   *
   * Shell: `socat TUN:…,tun-type=tap UNIX-LISTEN:…` at one end, `socat TUN:…,tun-type=tap UNIX-CONNECT:…` at the other.
   *
   * @throws LabError `NAME_TAKEN`, `BAD_NAME`, `BAD_ADDRESS`; `NOT_SUPPORTED` if the machine has no /dev/net/tun or the
   *   places are on different engines.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("tap-example");
   * const [a, b] = await Promise.all([lab.netns("a"), lab.netns("b")]);
   * await lab.tap({ place: a, name: "tap0", address: "10.4.0.1/24" }, { place: b, name: "tap0", address: "10.4.0.2/24" });
   * await a.sh`ping -c1 10.4.0.2`;
   * await lab.close();
   */
  async tap(a: TapEnd, b: TapEnd): Promise<TapCable> {
    this.context.check();
    const cable = await addTapCable(a, b);
    this.context.onClose(() => cable.cut());
    return cable;
  }

  /**
   * Returns the current state of the lab as data: every place with its snapshot, and the veth pairs between them.
   *
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("world-example");
   * const { places } = await lab.world();
   * console.log(places.map(({ name }) => name));
   * await lab.close();
   */
  world(): Promise<World> {
    return inspectWorld(this.context, Cluster.of(this.context)?.notes);
  }

  /**
   * Draws the current state of the lab: namespaces, veth pairs, bridges and addresses.
   *
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("topology-example");
   * await lab.pod("web", { image: "web" });
   * console.log((await lab.topology()).text);
   * await lab.close();
   */
  async topology(): Promise<Picture> {
    return topologyPicture(await this.world());
  }

  /**
   * Runs `action` and returns what changed: links, addresses, routes, rules and listeners in every place of the lab,
   * compared before and after. Changes that other programs make at the same time are included.
   *
   * @param action - its exceptions propagate.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("diff-example");
   * const router = await lab.netns("router");
   * console.log(String(await lab.diff(() => router.bridge("br0"))));
   * await lab.close();
   */
  async diff<Result>(action: () => PromiseLike<Result> | Result): Promise<LabDiff<Result>> {
    const look = async (): Promise<readonly Snapshot[]> =>
      [...(await lookAt(await this.context.allPlaces())).values()].flatMap((each) => (each ? [each] : []));
    const before = await look();
    const result = await action();
    return new LabDiff(before, await look(), result);
  }

  /** The lab's Kubernetes-like cluster: its nodes, pods, services and their address ranges. Created on first use. */
  get cluster(): Cluster {
    return Cluster.on(this.context);
  }

  /**
   * Starts a node of the lab's cluster, and adds a route to its pod CIDR on every other node. See {@link Node}.
   *
   * Shell: `docker run -d …`, then `ip route add POD_CIDR via NODE` on each node.
   *
   * @param name - unique in the lab; becomes the host name.
   * @param spec - see {@link NodeSpec}. Default: the next free part of the cluster's pod range.
   * @throws LabError `BAD_NAME`, `NAME_TAKEN`, `CIDR_OVERLAP`, `CIDR_EXHAUSTED`, `BAD_ADDRESS`, `UNKNOWN_ENGINE`.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("node-example");
   * const node1 = await lab.node("node1");
   * const web = await node1.pod("web", { image: "web", readiness: { tcp: 80 } });
   * console.log(node1.podCidr, web.address);
   * await lab.close();
   */
  node(name: string, spec: NodeSpec = {}): Promise<Node> {
    return this.cluster.node(name, spec);
  }

  /**
   * Creates a service. No link has its ClusterIP: iptables rules on every node translate it to a ready pod that matches
   * the selector. See {@link Service}.
   *
   * Shell: `kubectl create service clusterip NAME --tcp=PORT:TARGETPORT`.
   *
   * @param name - unique among the services of the lab.
   * @throws LabError `BAD_NAME`, `NAME_TAKEN`, `BAD_PORT`, `PORT_IN_USE`, `SELECTOR_EMPTY`, `CIDR_EXHAUSTED`.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("service-example");
   * const node1 = await lab.node("node1");
   * await node1.pod("web", { image: "web", labels: { app: "web" }, readiness: { tcp: 80 } });
   * const service = await lab.service("web", { selector: { app: "web" }, port: 80 });
   * await node1.sh`curl -s http://${service.clusterIP}/`;
   * await lab.close();
   */
  service(name: string, spec: ServiceSpec): Promise<Service> {
    return this.cluster.service(name, spec);
  }

  /**
   * Draws the address ranges of the lab: the network of the nodes, the cluster's pod range, each node's pod CIDR, and the
   * service range. Ranges that overlap are drawn in the error colour.
   *
   * @param plan - additional CIDRs to check, by name: `{ node3: "10.244.1.128/25" }`. Default: none.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("addresses-example");
   * console.log(lab.addresses({ node3: "10.244.1.128/25" }).text);
   * await lab.close();
   */
  addresses(plan: Readonly<Record<string, string>> = {}): Picture {
    const title = `addresses of ${this.name}`;
    return addressesPicture(this.cluster.addresses(plan), { title });
  }

  /**
   * Finds out why a service does not answer. Makes the checks of the Kubernetes page "Debug Services" in order, and
   * reports the first one that fails. Changes nothing.
   *
   * Source: https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/.
   *
   * @param service - the service or its name. A service with that name need not exist; that is the first check.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("diagnose-example");
   * await lab.node("node1");
   * const diagnosis = await lab.diagnose("shop");
   * console.log(diagnosis.healthy);
   * await lab.close();
   */
  async diagnose(service: Service | string): Promise<Diagnosis> {
    this.context.check();
    return diagnose(await gather(this.cluster, typeof service === "string" ? service : service.name));
  }

  /**
   * Follows one packet through all namespaces: predicts its path from their routes and rules, then sends it and compares
   * the prediction with the kernel's own trace.
   *
   * Shell: `iptables -t raw -A PREROUTING … -j TRACE`, then `nft monitor trace`, in every namespace.
   *
   * @throws LabError `BAD_ADDRESS`, `BAD_PORT`, `UNKNOWN_PLACE`.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("trace-example");
   * const client = await lab.pod("client");
   * const path = await lab.trace({ from: client, to: lab.outside, tcp: 80 });
   * console.log(path.agrees);
   * await lab.close();
   */
  trace(request: TraceRequest): Promise<PacketPath> {
    return trace(this.context, request);
  }

  /**
   * Predicts the path of one packet from the routes and rules of all namespaces. Sends nothing.
   *
   * @throws LabError `BAD_ADDRESS`, `BAD_PORT`, `UNKNOWN_PLACE`.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("predict-example");
   * const client = await lab.pod("client");
   * const path = await lab.predict({ from: client, to: lab.outside, tcp: 80 });
   * console.log(path.outcome?.verdict);
   * await lab.close();
   */
  predict(request: TraceRequest): Promise<PacketPath> {
    return predict(this.context, request);
  }

  /**
   * Captures packets in several places at the same time until `stop()` is called. `stop()` returns one row for each
   * packet, with every link on which it was seen.
   *
   * Shell: `tcpdump -i any FILTER` in each place.
   *
   * @param filter - pcap-filter(7) expression, as tcpdump takes it. Default: all packets.
   * @throws LabError `COMMAND_FAILED` if tcpdump rejects the filter.
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("capture-example");
   * const client = await lab.pod("client");
   * const capture = await lab.capture([client, lab.outside], "tcp port 80");
   * await client.sh`curl -s http://${lab.outside.address}/`;
   * const { rows } = await capture.stop();
   * await lab.close();
   */
  async capture(places: readonly ContainerPlace[], filter?: string): Promise<Capture> {
    this.context.check();
    const capture = await Capture.start(places, filter);
    this.context.onClose(async () => void (await capture.stop()));
    return capture;
  }

  /**
   * Lists what the engines have of this lab, as `container NAME`, `network NAME` and `volume NAME`. The list is empty
   * after `close()` if nothing was left behind.
   *
   * Shell: `docker ps -a`, `docker network ls` and `docker volume ls`, filtered by label.
   *
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("leaks-example");
   * await lab.close();
   * console.log(await lab.leaks());
   */
  leaks(): Promise<readonly string[]> {
    return this.context.leaks();
  }

  /**
   * Undoes the remaining failures and removes everything that the lab created. If this was the last open lab of the
   * process, the containers that all labs share (reaper and toolbox) are removed too. A second call does nothing.
   *
   * Shell: `docker rm -f …`, `docker network rm …`.
   *
   * @example
   * import { Lab } from "wirebook";
   * const lab = await Lab.open("close-example");
   * await lab.close();
   */
  async close(): Promise<void> {
    await this.shut();
    await this.context.onEachRuntime(({ session }) => session.endIdle());
  }

  /**
   * Like {@link Lab.close}, but keeps the process's reaper and toolbox for the next lab.
   *
   * @internal
   */
  async shut(): Promise<void> {
    await this.context.close();
    for (const { session } of this.context.runtimes) {
      if (session.labs.get(this.name) === this) session.labs.delete(this.name);
    }
    disableShellCells(this.name);
  }
}

const recordedClasses = new RecordedClasses({ Lab, Outside, ...labClasses });
