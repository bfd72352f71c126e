import { addressesPicture } from "../chart/addresses";
import type { Picture } from "../chart/picture";
import { topologyPicture } from "../chart/topology";
import type { World } from "../chart/topology/world";
import { type ContainerInfo, type ContainerSpec, Engine, LabError } from "../engine";
import type { Snapshot } from "../inspect/snapshot";
import { imageTag } from "../setup/images";
import { LabContext, networkCapabilities } from "./context/lab-context";
import { checkName } from "./context/name";
import { DockerHost, type DockerHostSpec } from "./docker/docker-host";
import { type Pod, type PodSpec, startPod } from "./docker/pod";
import { Failures } from "./failure";
import { Netns, type NetnsSpec } from "./link/netns";
import { addTapCable, type TapCable, type TapEnd } from "./link/tap";
import { addVeth, type Veth, type VethEnd } from "./link/veth";
import { Cluster, type ClusterOptions } from "./node/cluster";
import type { Node, NodeSpec } from "./node/node";
import { waitListening } from "./place/listening";
import { ContainerPlace, type Place } from "./place/place";
import { ForwardProxy, ReverseProxy } from "./proxy/proxy";
import type { ProxySpec, ReverseSpec } from "./proxy/spec";
import { labClasses } from "./recording/lab-classes";
import { openRecordedOrLive } from "./recording/open-lab";
import { RecordedClasses } from "./recording/recorded-classes";
import { openEngines } from "./runtime/engines";
import { Progress } from "./runtime/progress";
import { type Diagnosis, diagnose } from "./service/diagnosis";
import { gather } from "./service/gather";
import type { Service } from "./service/service";
import type { ServiceSpec } from "./service/spec";
import { endShellCells, offerShellCells } from "./shell-cell";
import { LabDiff } from "./topology/diff";
import { Host } from "./topology/host";
import { lookAt, worldOf } from "./topology/world";
import { Capture } from "./trace/capture";
import { type PacketPath, predict, type TraceRequest, trace } from "./trace/packet-path";

/** How a lab is opened. */
export interface LabOptions {
  /** As a value, or as the docker command names it (`ssh://me@two`). Default: the one that the docker command would use. */
  readonly engine?: Engine | string;
  /**
   * Several engines of one Docker Swarm, as values or as the docker command names them (`ssh://me@two`); each node and
   * Docker host is placed on one of them, and they meet on an attachable overlay network instead of a bridge. The first
   * is home to the outside, and to all that is not placed. One of them is a manager of the swarm. Default: only `engine`.
   */
  readonly engines?: readonly (Engine | string)[];
  /** Range of the lab's network. Default: one that no route and no network of the machine overlaps. */
  readonly subnet?: string;
  /** Ranges of the lab's cluster, where it has nodes. Default: 10.244.0.0/16 for pods, 10.96.0.0/16 for services. */
  readonly cluster?: ClusterOptions;
}

/** The outside: what source NAT leads to and where a published port is called from. A real web server on 80 and 8080. */
export class Outside extends ContainerPlace {
  readonly address: string;

  constructor(parts: ConstructorParameters<typeof ContainerPlace>[0] & { address: string }) {
    super(parts);
    this.address = parts.address;
  }
}

/**
 * A lab: containers, namespaces and rules that belong together, beside a world outside. All of it is labelled, and gone
 * when the lab is closed or the process ends, however it ends.
 *
 * ```ts
 * const lab = await Lab.open("docker-networking");
 * const host = await lab.dockerHost("host1");
 * const web = await host.run("web", { image: "web", publish: { 8080: 80 } });
 * await lab.outside.sh`curl -s http://${host.address}:8080/`;
 * await lab.close();
 * ```
 */
export class Lab {
  readonly name: string;
  /** What is outside of everything else in the lab. */
  readonly outside: Outside;
  /** The engine's own machine, with several the first one's: it is only looked at. */
  readonly host: Host;
  /** Breaks parts of the lab; each failure can be undone, and is when the lab closes. */
  readonly failures: Failures;
  /**
   * What the lab stands on; places of new kinds are built on it.
   *
   * @internal
   */
  readonly context: LabContext;

  private constructor(context: LabContext, outside: Outside) {
    this.context = context;
    this.name = context.name;
    this.outside = outside;
    this.host = new Host(context.session);
    this.failures = new Failures(context);
  }

  /**
   * Opens a lab. A lab of this name that the same process has open is closed first, so that a cell that is run again
   * starts afresh; a lab of the same name in another notebook is another lab.
   *
   * With `WIREBOOK_RECORD=FILE` in the environment, what it is asked and told is recorded; with `WIREBOOK_REPLAY=FILE`,
   * or where no engine answers and the notebook has a recording beside it, it is opened from there and nothing runs.
   *
   * From then on a cell that begins with `%%sh NAME` runs its lines in the place of that name.
   *
   * @param name - lower-case letters, digits, hyphens; 40 at most.
   * @throws LabError `BAD_NAME`, `NO_ENGINE`, `NO_PERMISSION`, `IMAGE_MISSING`, `SUBNET_TAKEN`; from a recording
   *   `NOT_RECORDED`, `RECORDING_UNREADABLE`, `RECORDING_TOO_NEW`; over several engines also `ENGINE_GONE`, `ENGINE_TWICE`, `NOT_ONE_SWARM`, `NOT_READY`, `NOT_SUPPORTED`.
   */
  static async open(name: string, options: LabOptions = {}): Promise<Lab> {
    checkName(name, "lab");
    const progress = new Progress();
    const open = () => progress.run(`lab ${name}`, () => Lab.#open(name, options, progress));
    // One that is being opened under this name is there first, so that it can be closed.
    const opening: Promise<Lab> = (Lab.#opening.get(name) ?? Promise.resolve())
      .catch(() => undefined)
      .then(() =>
        openRecordedOrLive([name, options], open, (value) => value instanceof Lab, recordedClasses),
      );
    Lab.#opening.set(name, opening);
    try {
      const lab = await opening;
      offerShellCells(name, lab);
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

  // A connection is kept, and made anew when its engine has gone; which engine it is stays the caller's choice.
  static async #connect(to: Engine | string = ""): Promise<Engine> {
    if (to instanceof Engine) return to;
    if (typeof to !== "string") {
      throw new LabError("NO_ENGINE", {
        where: String(to),
        found: "this is no container engine",
        advice: "Give what Engine.connect returns, or an address: unix:///var/run/docker.sock, ssh://me@two.",
      });
    }
    const known = await Lab.#engines.get(to)?.catch(() => undefined);
    if (known && (await known.answers())) return known;
    const engine = Engine.connect(to === "" ? {} : { host: to });
    Lab.#engines.set(to, engine);
    return engine;
  }

  /** The engine on which it runs; the first of several. */
  get engine(): Engine {
    return this.context.engine;
  }

  /** Every engine on which it runs, by name. */
  get engines(): ReadonlyMap<string, Engine> {
    return new Map(this.context.runtimes.map(({ name, engine }) => [name, engine]));
  }

  /** Range of the lab's network. */
  get subnet(): string {
    return this.context.subnet.text;
  }

  /** Every place by its name. */
  get places(): ReadonlyMap<string, Place> {
    return this.context.places;
  }

  /**
   * A place by its name.
   *
   * @throws LabError `UNKNOWN_PLACE`, with the names there are.
   */
  place(name: string): Place {
    const place = this.places.get(name);
    if (place) return place;
    throw new LabError("UNKNOWN_PLACE", {
      where: this.name,
      found: `there is no place ${JSON.stringify(name)}`,
      advice: `There are: ${[...this.places.keys()].join(", ")}.`,
    });
  }

  /** Starts a Docker host. See {@link DockerHost}. */
  async dockerHost(name: string, spec: DockerHostSpec = {}): Promise<DockerHost> {
    const { context } = this;
    return context.addPlace("Docker host", name, () =>
      DockerHost.start(context, context.runtimeFor("docker-host", name, spec.engine), name, spec),
    );
  }

  /**
   * Starts a pod on the lab's own network, beside the outside.
   *
   * Shell: `docker run -d --name pause …` then `docker run -d --net=container:pause …`.
   *
   * @param name - unique on the lab; becomes the host name.
   * @throws LabError `NAME_TAKEN`, `IMAGE_MISSING`, `PORT_IN_USE`, `CONTAINER_EXITED`.
   */
  async pod(name: string, spec: PodSpec = {}): Promise<Pod> {
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
   * Starts a forward proxy on the lab's network: clients ask it, and it asks in their place.
   *
   * ```ts
   * const proxy = await lab.proxy("proxy", { forward: { names: { "shop.example": lab.outside.address } } });
   * await client.sh`curl -s -x ${proxy.url} http://shop.example/`;
   * ```
   *
   * Shell: `tinyproxy -d -c FILE` in a container.
   *
   * @throws LabError `NAME_TAKEN`, `BAD_PORT`, `BAD_ADDRESS`, `BAD_NAME`, `IMAGE_MISSING`, `NOT_READY`.
   */
  async proxy(name: string, spec: ProxySpec): Promise<ForwardProxy> {
    return this.context.addPlace("proxy", name, () => ForwardProxy.start(this.context, name, spec));
  }

  /**
   * Starts a reverse proxy on the lab's network: clients ask it, and it passes their requests on to servers.
   *
   * ```ts
   * const shop = await lab.reverseProxy("shop", { upstreams: [web1, web2], routes: { "/api": [api] } });
   * shop.config;
   * ```
   *
   * Shell: `haproxy -f FILE` in a container.
   *
   * @throws LabError `NAME_TAKEN`, `BAD_PORT`, `BAD_ADDRESS`, `BAD_NAME`, `SELECTOR_EMPTY`, `NOT_SUPPORTED`,
   *   `IMAGE_MISSING`, `NOT_READY`.
   */
  async reverseProxy(name: string, spec: ReverseSpec): Promise<ReverseProxy> {
    return this.context.addPlace("reverse proxy", name, () => ReverseProxy.start(this.context, name, spec));
  }

  /** Makes a plain network namespace, with nothing but loopback in it. Shell: `ip netns add NAME`. */
  async netns(name: string, spec: NetnsSpec = {}): Promise<Netns> {
    const { context } = this;
    return context.addPlace("namespace", name, () => {
      const runtime =
        spec.engine === undefined ? context.home : context.runtimeFor("netns", name, spec.engine);
      return Netns.start(runtime, name, spec);
    });
  }

  /**
   * Makes a veth pair between any two places, both ends up.
   *
   * Shell: `ip link add A netns A type veth peer name B netns B`.
   */
  veth(a: VethEnd, b: VethEnd): Promise<Veth> {
    this.context.check();
    return addVeth(a, b);
  }

  /** Makes two tap devices and a program between them that carries each frame across. */
  async tap(a: TapEnd, b: TapEnd): Promise<TapCable> {
    this.context.check();
    const cable = await addTapCable(a, b);
    this.context.onClose(() => cable.cut());
    return cable;
  }

  /** Everything there is now, as data: each place with its snapshot, and the veth pairs. */
  world(): Promise<World> {
    return worldOf(this.context, Cluster.of(this.context)?.notes);
  }

  /** Draws everything there is now: namespaces, veth pairs, bridges, addresses. */
  async topology(): Promise<Picture> {
    return topologyPicture(await this.world());
  }

  /**
   * What `action` changes: links, addresses, routes, rules, listeners, in every place of the lab, before and after.
   *
   * ```ts
   * await lab.diff(() => host.docker("run", "-d", "-p", "8080:80", "web"));
   * ```
   */
  async diff<Result>(action: () => PromiseLike<Result> | Result): Promise<LabDiff<Result>> {
    const look = async (): Promise<readonly Snapshot[]> =>
      [...(await lookAt(await this.context.allPlaces())).values()].flatMap((each) => (each ? [each] : []));
    const before = await look();
    const result = await action();
    return new LabDiff(before, await look(), result);
  }

  /** The nodes, pods and services of the lab, and the ranges they have. */
  get cluster(): Cluster {
    return Cluster.on(this.context);
  }

  /**
   * Starts a node of the lab's cluster, with a chunk of the pod range. See {@link Node}.
   *
   * @throws LabError `BAD_NAME`, `NAME_TAKEN`, `CIDR_OVERLAP`, `CIDR_EXHAUSTED`, `BAD_ADDRESS`.
   */
  node(name: string, spec: NodeSpec = {}): Promise<Node> {
    return this.cluster.node(name, spec);
  }

  /**
   * Makes a service: an address in the rules of every node, and nowhere else. See {@link Service}.
   *
   * Shell: `kubectl create service clusterip NAME --tcp=PORT:TARGETPORT`.
   *
   * @throws LabError `BAD_NAME`, `NAME_TAKEN`, `BAD_PORT`, `PORT_IN_USE`, `SELECTOR_EMPTY`, `CIDR_EXHAUSTED`.
   */
  service(name: string, spec: ServiceSpec): Promise<Service> {
    return this.cluster.service(name, spec);
  }

  /**
   * Draws every range of addresses of the lab: the nodes' own network, the pods of the cluster and of each node, the
   * services. Ranges that overlap stand in the colour of error.
   *
   * @param plan - further ranges by name, to see whether they would fit: `{ node3: "10.244.1.128/25" }`.
   */
  addresses(plan: Readonly<Record<string, string>> = {}): Picture {
    const title = `addresses of ${this.name}`;
    return addressesPicture(this.cluster.addresses(plan), { title });
  }

  /**
   * Finds out why a service does not answer: climbs the ladder of Kubernetes' page "Debug Services" and names the first
   * rung that does not hold. It only looks.
   *
   * @param service - the service, or the name of one that should be there.
   */
  async diagnose(service: Service | string): Promise<Diagnosis> {
    this.context.check();
    return diagnose(await gather(this.cluster, typeof service === "string" ? service : service.name));
  }

  /**
   * Follows one packet through all namespaces: predicts its way from their routes and rules, then really sends it, and
   * lays the kernel's own trace beside the prediction.
   *
   * ```ts
   * const path = await lab.trace({ from: client, to: lab.outside, tcp: 80 });
   * path.agrees;
   * ```
   *
   * @throws LabError `BAD_ADDRESS`, `BAD_PORT`, `UNKNOWN_PLACE`.
   */
  trace(request: TraceRequest): Promise<PacketPath> {
    return trace(this.context, request);
  }

  /** Predicts the way of one packet. Nothing is sent. */
  predict(request: TraceRequest): Promise<PacketPath> {
    return predict(this.context, request);
  }

  /**
   * Captures packets at several places at once, until `stop`; then the same packet is laid side by side.
   *
   * ```ts
   * const capture = await lab.capture([client, host, lab.outside], "tcp port 80");
   * await client.sh`curl -s http://${lab.outside.address}/`;
   * await capture.stop();
   * ```
   *
   * @param filter - as tcpdump has it. Default: everything.
   */
  async capture(places: readonly ContainerPlace[], filter?: string): Promise<Capture> {
    this.context.check();
    const capture = await Capture.start(places, filter);
    this.context.onClose(async () => void (await capture.stop()));
    return capture;
  }

  /** What the engine has of this lab right now, as `container NAME`. Empty once it is closed: nothing was left behind. */
  leaks(): Promise<readonly string[]> {
    return this.context.leaks();
  }

  /** Removes everything the lab made. When it was the last one open, the session's own containers go as well. */
  async close(): Promise<void> {
    await this.shut();
    await this.context.onEachRuntime(({ session }) => session.endIdle());
  }

  /**
   * Removes everything the lab made; the session stays ready for the next one.
   *
   * @internal
   */
  async shut(): Promise<void> {
    await this.context.close();
    for (const { session } of this.context.runtimes) {
      if (session.labs.get(this.name) === this) session.labs.delete(this.name);
    }
    endShellCells(this.name);
  }
}

const recordedClasses = new RecordedClasses([Lab, Outside, ...labClasses]);

async function startOutside(context: LabContext): Promise<Outside> {
  const name = "outside";
  const { home } = context;
  const info = await home.run({
    ...home.spec(name, "outside", imageTag("web")),
    network: context.network,
    address: context.outsideAddress,
    capabilities: networkCapabilities,
  });
  const parts = { name, kind: "outside" as const, engine: home.engine, container: info.id, user: "root" };
  const outside = new Outside({ ...parts, ...home.access(name, info.pid), address: context.outsideAddress });
  await waitListening(await outside.netnsHandle(), 80, name);
  return context.register(outside);
}
