import { type ContainerInfo, type ContainerSpec, type Engine, LabError, shellText } from "../../engine";
import { withoutUndefined } from "../../without-undefined";
import type { LabContext } from "../context/lab-context";
import { checkName } from "../context/name";
import { Command, CommandResult } from "../place/command";
import { servedPort, waitListening } from "../place/listening";
import { ContainerPlace } from "../place/place";
import type { Pod, PodSpec } from "../pod/pod";
import { publishList } from "../pod/spec/publish";
import { startPod } from "../pod/start-pod";
import type { EngineRuntime } from "../runtime/engine-runtime";
import { imageReference } from "../runtime/image";
import { Toolbox } from "../runtime/toolbox";
import { connectNested } from "./connect-nested";
import { HostContainer, type RunSpec, runText } from "./host-container";
import { runNestedEngine } from "./nested-engine";

// The default range of docker0, as documented by Docker. Without --bip, dockerd chooses another range if an existing
// route overlaps this one.
const defaultBridge = "172.17.0.1/16";

/**
 * Options of a Docker host.
 *
 * @example
 * import { type DockerHostSpec, Lab } from "wirebook";
 * const lab = await Lab.open("docker-host-spec-example");
 * const spec: DockerHostSpec = { bridge: "172.18.0.1/16", memoryBytes: 512 * 1024 * 1024 };
 * await lab.dockerHost("host1", spec);
 * await lab.close();
 */
export interface DockerHostSpec {
  /** Address of docker0 with its prefix length. Default: `172.17.0.1/16`. */
  readonly bridge?: string;
  /** The engine of the lab that it runs on, or its name. Default: the engine with the fewest Docker hosts. */
  readonly engine?: Engine | string;
  /** Additional arguments of dockerd. Default: none. */
  readonly args?: readonly string[];
  /** Memory limit in bytes for the host and its containers. Default: 1 GiB. */
  readonly memoryBytes?: number;
}

/** A network of a Docker host. */
export interface HostNetwork {
  readonly name: string;
  readonly subnet: string;
  readonly gateway: string;
  /** The `docker network create` command that creates the same network. */
  readonly shell: string;
}

/**
 * A machine with Docker: a container that runs its own dockerd. Its docker0 bridge and its MASQUERADE, DNAT and isolation
 * rules are created by Docker. Like real machines, several Docker hosts use the same addresses on docker0.
 *
 * @example
 * import { type DockerHost, Lab } from "wirebook";
 * const lab = await Lab.open("docker-host-class-example");
 * const host: DockerHost = await lab.dockerHost("host1");
 * await host.docker("run", "-d", "-p", "8080:80", "--name", "web", "web");
 * await lab.outside.get(`${host.address}:8080`);
 * await lab.close();
 */
export class DockerHost extends ContainerPlace {
  /** IP address on the lab's network. */
  readonly address: string;
  /** The engine that runs on this host. */
  readonly inner: Engine;
  readonly #context: LabContext;
  readonly #runtime: EngineRuntime;
  readonly #toolbox: Toolbox;
  readonly #containers = new Map<string, HostContainer>();
  /** Names of networks that are being created. */
  readonly #networks = new Set<string>();

  private constructor(
    context: LabContext,
    runtime: EngineRuntime,
    name: string,
    info: ContainerInfo,
    parts: { readonly address: string; readonly inner: Engine; readonly toolbox: Toolbox },
  ) {
    super({
      name,
      kind: "docker-host",
      engine: runtime.engine,
      container: info.id,
      ...runtime.access(name, info.pid),
    });
    this.#context = context;
    this.#runtime = runtime;
    this.address = parts.address;
    this.inner = parts.inner;
    this.#toolbox = parts.toolbox;
  }

  /**
   * Starts a Docker host and waits until its engine answers.
   *
   * Shell: `docker run -d … wirebook/host --bip 172.17.0.1/16`.
   *
   * @throws LabError `NOT_READY` if its engine does not answer within 30 seconds; `NOT_SUPPORTED` if the machine's engine
   *   cannot give it its own control groups.
   */
  static async start(
    context: LabContext,
    runtime: EngineRuntime,
    name: string,
    spec: DockerHostSpec = {},
  ): Promise<DockerHost> {
    const address = context.pool.take(name);
    const nested = await runNestedEngine(runtime, name, {
      command: ["--bip", spec.bridge ?? defaultBridge, ...(spec.args ?? [])],
      network: context.network,
      address,
      ...withoutUndefined({ memoryBytes: spec.memoryBytes }),
    });
    const toolbox = new Toolbox(runtime.engine, nested.info.id);
    // Takes an exec. It runs while dockerd starts.
    const named = toolbox.name(1);
    named.catch(() => undefined);
    const inner = await connectNested(runtime.engine, nested, name).catch((error: unknown) => {
      toolbox.close();
      throw error;
    });
    const host = new DockerHost(context, runtime, name, nested.info, { address, inner, toolbox });
    context.onClose(async () => {
      inner.disconnect();
      toolbox.close();
    });
    context.addPlaceSource(() => host.#containersOutsidePods());
    await named;
    return host;
  }

  /**
   * Runs the `docker` command on this host.
   *
   * @param args - its arguments, one string each.
   * @throws LabError `COMMAND_FAILED` if the exit code is not 0.
   */
  docker(...args: readonly string[]): Command {
    const argv = ["docker", ...args];
    return new Command(
      this.name,
      shellText(argv),
      async ({ quiet: _quiet, nothrow: _nothrow, ...options }, shown) => {
        const sink = {
          stdout: (chunk: Buffer) => void process.stdout.write(chunk),
          stderr: (chunk: Buffer) => void process.stderr.write(chunk),
        };
        return new CommandResult(
          await this.exec(argv, { ...options, ...(shown ? { sink } : {}) }),
          shown,
          shellText(argv),
        );
      },
    );
  }

  /**
   * Starts a container on this host. For the `web` image, waits until its server listens.
   *
   * Shell: `docker run -d --name NAME --network NETWORK -p HOST:CONTAINER IMAGE COMMAND…`.
   *
   * @throws LabError `NAME_TAKEN`, `IMAGE_MISSING`, `PORT_IN_USE`, `BAD_PORT`, `NETWORK_GONE`.
   */
  async run(name: string, spec: RunSpec): Promise<HostContainer> {
    this.#context.check();
    checkName(name, "place");
    const publish = publishList(spec.publish ?? {}, `${this.name}/${name}`).map((each) => ({
      hostAddress: "0.0.0.0",
      ...each,
    }));
    const info = await this.inner.containers.run({
      name,
      image: imageReference(spec.image),
      hostname: name,
      publish,
      ...withoutUndefined({
        network: spec.network,
        command: spec.command,
        env: spec.env,
        capabilities: spec.capabilities,
      }),
    });
    const container = await this.#adopt(info, runText(name, spec));
    const port = spec.command || spec.network === "none" ? undefined : servedPort(spec.image, spec.env);
    if (port !== undefined) await waitListening(await container.netnsHandle(), port, container.name);
    return container;
  }

  /**
   * Starts a pod on this host: a pause container on docker0, and app containers that join its network namespace.
   *
   * Shell: `docker run -d --name pause …`, then `docker run -d --net=container:pause …`.
   *
   * @throws LabError `BAD_NAME`, `NAME_TAKEN`, `IMAGE_MISSING`, `PORT_IN_USE`, `CONTAINER_EXITED`.
   */
  async pod(name: string, spec: PodSpec<"network"> = {}): Promise<Pod<"network">> {
    const full = `${this.name}/${name}`;
    checkName(name, "place");
    const base = (suffix: string, _role: string, image: string): ContainerSpec => ({
      name: `${name}${suffix === "" ? ".pause" : suffix}`,
      image,
      hostname: name,
    });
    const pod = await startPod(
      {
        engine: this.inner,
        network: "bridge",
        name: full,
        parent: this.name,
        base,
        run: (each) => this.inner.containers.run(each),
        runApp: (each) => this.inner.containers.run(each),
        remove: (id) => this.inner.containers.remove(id),
        access: (pid) => this.#runtime.access(full, pid, this.#toolbox),
      },
      spec,
    );
    return this.#context.register(pod);
  }

  /** Creates a network on this host. Shell: `docker network create [--internal] [--subnet …] NAME`. */
  async network(name: string, spec: { internal?: boolean; subnet?: string } = {}): Promise<HostNetwork> {
    this.#context.check();
    // Docker checks that the name is free, but creates two networks if two requests arrive at the same time.
    if (this.#networks.has(name)) {
      throw new LabError("NAME_TAKEN", {
        where: `${this.name}/${name}`,
        found: "the host is creating another network with this name",
        advice: "Choose another name. docker network ls lists the existing ones.",
      });
    }
    this.#networks.add(name);
    const made = await this.inner.networks
      .create({ name, ...spec })
      .finally(() => this.#networks.delete(name));
    const flags = [
      ...(spec.internal === true ? ["--internal"] : []),
      ...(spec.subnet ? ["--subnet", spec.subnet] : []),
    ];
    return {
      name,
      subnet: made.subnets[0] ?? "",
      gateway: made.gateways[0] ?? "",
      shell: shellText(["docker", "network", "create", ...flags, name]),
    };
  }

  /** Lists the running containers of this host, including those started with `docker run`. Shell: `docker ps`. */
  async containers(): Promise<readonly HostContainer[]> {
    const running = (await this.inner.containers.list()).filter(({ state }) => state === "running");
    const infos = await Promise.all(running.map(({ id }) => this.inner.containers.inspect(id)));
    return Promise.all(infos.map((info) => this.#adopt(info, "")));
  }

  /**
   * Returns the container of this host with this name. Shell: `docker inspect NAME`.
   *
   * @throws LabError `CONTAINER_GONE` if there is none.
   */
  async find(name: string): Promise<HostContainer> {
    return this.#adopt(await this.inner.containers.inspect(name, `${this.name}/${name}`), "");
  }

  // Without the containers of pods, which are drawn with their pod.
  async #containersOutsidePods(): Promise<readonly HostContainer[]> {
    const all = await this.containers().catch(() => []);
    return all.filter(
      ({ localName, networkMode }) => !localName.endsWith(".pause") && !networkMode.startsWith("container:"),
    );
  }

  async #adopt(info: ContainerInfo, shell: string): Promise<HostContainer> {
    const known = this.#containers.get(info.id);
    if (known) return known;
    const name = `${this.name}/${info.name}`;
    const place = new HostContainer({
      name,
      kind: "container",
      parent: this.name,
      engine: this.inner,
      container: info.id,
      localName: info.name,
      networkMode: info.networkMode,
      address: info.networks.find(({ address }) => address !== "")?.address ?? "",
      shell,
      ...this.#runtime.access(name, info.pid, this.#toolbox),
    });
    this.#containers.set(info.id, place);
    return place;
  }
}
