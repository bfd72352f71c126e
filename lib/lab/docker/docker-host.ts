import {
  type ContainerInfo,
  type ContainerSpec,
  cgroupAdvice,
  cgroupRefusal,
  Engine,
  execDuplex,
  LabError,
  shellText,
} from "../../engine";
import { imageTag } from "../../setup/images";
import type { LabContext } from "../context/lab-context";
import { checkName } from "../context/name";
import { Command, CommandResult } from "../place/command";
import { servedPort, waitListening } from "../place/listening";
import { ContainerPlace } from "../place/place";
import type { EngineRuntime } from "../runtime/engine-runtime";
import { imageReference } from "../runtime/image";
import { Toolbox } from "../runtime/toolbox";
import { type NestedEngine, runNestedEngine } from "./nested-engine";
import { type Pod, type PodSpec, startPod } from "./pod";
import { type PublishMap, publishList, publishText } from "./publish";

// What a fresh machine has, and what learners read in every book. Without it the engine inside sees its own uplink in
// 172.17.0.0/16 or not, and moves.
const defaultBridge = "172.17.0.1/16";

const readySeconds = 30;

const ready = `end=$(($(date +%s) + ${readySeconds}))
while [ "$(date +%s)" -lt $end ]; do
  if [ "$(curl -s -m 1 --unix-socket /var/run/docker.sock http://engine/_ping)" = OK ]; then exit 0; fi
  sleep 0.025
done
exit 1`;

/** How a Docker host is set up. */
export interface DockerHostSpec {
  /** Address and range of docker0. Default: `172.17.0.1/16`. */
  readonly bridge?: string;
  /** The engine of the lab on which it runs, or its name. Default: the one with the fewest Docker hosts. */
  readonly engine?: Engine | string;
  /** More arguments of dockerd. */
  readonly args?: readonly string[];
  /** Bytes of memory for it and its containers. Default: 1 GiB. */
  readonly memoryBytes?: number;
}

/** What a container on a Docker host is made from: the part of `docker run` that the chapters use. */
export interface RunSpec {
  /** `base`, `web`, or any image the host has. */
  readonly image: string;
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** `bridge`, `none`, `host`, `container:NAME` or the name of a network of this host. Default: `bridge`. */
  readonly network?: string;
  /** `{ 8080: 80 }`; a list for addresses. Default address: 0.0.0.0, as `docker run -p` has it. */
  readonly publish?: PublishMap;
  readonly capabilities?: readonly string[];
}

/** A container that runs on a Docker host. */
export class HostContainer extends ContainerPlace {
  /** Name on the Docker host. */
  readonly localName: string;
  /** `default`, `none`, `host`, `container:ID` or the name of a network. */
  readonly networkMode: string;
  /** Its address on the first of its networks; the empty text where it has none. */
  readonly address: string;
  /** What one would have typed. */
  readonly shell: string;

  constructor(
    parts: ConstructorParameters<typeof ContainerPlace>[0] & {
      localName: string;
      networkMode: string;
      address: string;
      shell: string;
    },
  ) {
    super(parts);
    this.localName = parts.localName;
    this.networkMode = parts.networkMode;
    this.address = parts.address;
    this.shell = parts.shell;
  }

  /** Shell: `docker rm -f NAME`. */
  async remove(): Promise<void> {
    await this.engine.containers.remove(this.container);
  }
}

/** A network of a Docker host. */
export interface HostNetwork {
  readonly name: string;
  readonly subnet: string;
  readonly gateway: string;
  /** What one would have typed. */
  readonly shell: string;
}

/**
 * A machine with Docker on it: a container that runs a real dockerd, whose docker0, MASQUERADE, DNAT and isolation
 * rules are Docker's own. Two of them have the same addresses inside.
 */
export class DockerHost extends ContainerPlace {
  /** Its address on the lab's network. */
  readonly address: string;
  /** The engine inside. */
  readonly inner: Engine;
  readonly #context: LabContext;
  readonly #runtime: EngineRuntime;
  readonly #toolbox: Toolbox;
  readonly #containers = new Map<string, HostContainer>();
  /** Names of networks that are being made right now. */
  readonly #networks = new Set<string>();

  private constructor(
    context: LabContext,
    runtime: EngineRuntime,
    name: string,
    info: ContainerInfo,
    address: string,
    inner: Engine,
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
    this.address = address;
    this.inner = inner;
    this.#toolbox = new Toolbox(runtime.engine, info.id);
  }

  /**
   * Starts one and waits until its engine answers. Shell: `docker run -d … wirebook/host --bip 172.17.0.1/16`.
   *
   * @throws LabError `NOT_READY` when its engine does not answer within 30 seconds, `NOT_SUPPORTED` where the machine's
   *   engine cannot give it control groups of its own.
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
      ...(spec.memoryBytes === undefined ? {} : { memoryBytes: spec.memoryBytes }),
    });
    const inner = await DockerHost.#connect(runtime, nested, name);
    const host = new DockerHost(context, runtime, name, nested.info, address, inner);
    context.onClose(async () => {
      inner.disconnect();
      host.#toolbox.close();
    });
    context.addPlaceSource(() => host.#loose());
    await host.#toolbox.name(1);
    // The short names are what one types in `docker run`.
    await Promise.all(
      (["base", "web", "pause"] as const).map((each) => inner.images.tag(imageTag(each), each, "latest")),
    );
    return host;
  }

  static async #connect(
    { engine }: EngineRuntime,
    { info, remove }: NestedEngine,
    name: string,
  ): Promise<Engine> {
    try {
      const answer = await engine.exec(info.id, ["sh", "-c", ready], { where: name });
      if (answer.exitCode !== 0) throw new Error(`no answer within ${readySeconds} seconds`);
      const dial = ["docker", "system", "dial-stdio"];
      return await Engine.through((signal) => execDuplex(engine, info.id, dial, signal), name);
    } catch (cause) {
      const said = (await engine.containers.logs(info.id, 2).catch(() => "")).trim().replaceAll("\n", " / ");
      await remove();
      if (cause instanceof LabError && cause.code === "INTERRUPTED") throw cause;
      const refusal = cgroupRefusal(said);
      if (refusal !== undefined) {
        throw new LabError("NOT_SUPPORTED", {
          where: name,
          found: `it gets no control groups of its own: ${refusal}`,
          advice: cgroupAdvice,
          cause,
        });
      }
      throw new LabError("NOT_READY", {
        where: name,
        found: `its dockerd did not come up${said === "" ? "" : `: ${said}`}`,
        advice:
          "Run the cell again; when it stays so, the machine may lack what dockerd needs (overlay, cgroups).",
        cause,
      });
    }
  }

  /**
   * Runs the docker command on this host, as one would type it.
   *
   * ```ts
   * await host.docker("run", "-d", "-p", "8080:80", "--name", "web", "web");
   * ```
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
   * Starts a container on this host.
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
      ...(spec.network === undefined ? {} : { network: spec.network }),
      ...(spec.command ? { command: spec.command } : {}),
      ...(spec.env ? { env: spec.env } : {}),
      ...(spec.capabilities ? { capabilities: spec.capabilities } : {}),
    });
    const container = await this.#adopt(info, runText(name, spec));
    const port = spec.command || spec.network === "none" ? undefined : servedPort(spec.image, spec.env);
    if (port !== undefined) await waitListening(await container.netnsHandle(), port, container.name);
    return container;
  }

  /**
   * Starts a pod on this host: pause on docker0, and apps that join it with `--net=container:pause`.
   */
  async pod(name: string, spec: PodSpec = {}): Promise<Pod> {
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
    // Docker looks for another network of the name before it makes one, and makes both of two that come at once.
    if (this.#networks.has(name)) {
      throw new LabError("NAME_TAKEN", {
        where: `${this.name}/${name}`,
        found: "the host is making a network of this name right now",
        advice: "Choose another name; docker network ls shows the networks there are.",
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

  /** The containers that run on this host now, whoever started them. Shell: `docker ps`. */
  async containers(): Promise<readonly HostContainer[]> {
    const running = (await this.inner.containers.list()).filter(({ state }) => state === "running");
    const infos = await Promise.all(running.map(({ id }) => this.inner.containers.inspect(id)));
    return Promise.all(infos.map((info) => this.#adopt(info, "")));
  }

  /** A container of this host by its name. */
  async find(name: string): Promise<HostContainer> {
    return this.#adopt(await this.inner.containers.inspect(name, `${this.name}/${name}`), "");
  }

  // Containers of pods share their pause's namespace, and are drawn with the pod.
  async #loose(): Promise<readonly HostContainer[]> {
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

function runText(name: string, spec: RunSpec): string {
  const ports = publishList(spec.publish ?? {}, name).flatMap((each) => ["-p", publishText(each)]);
  const env = Object.entries(spec.env ?? {}).flatMap(([key, value]) => ["-e", `${key}=${value}`]);
  const network = spec.network === undefined ? [] : ["--network", spec.network];
  const { capabilities } = spec;
  const caps = capabilities
    ? ["--cap-drop", "ALL", ...capabilities.flatMap((cap) => ["--cap-add", cap])]
    : [];
  return shellText([
    "docker",
    "run",
    "-d",
    "--name",
    name,
    ...network,
    ...ports,
    ...env,
    ...caps,
    spec.image,
    ...(spec.command ?? []),
  ]);
}
