import type { Duplex } from "node:stream";
import type Docker from "dockerode";
import { CommandLog } from "./command-log";
import { type Endpoint, endpointOf, findEndpoint } from "./connection/endpoint";
import { type DockerConnection, dialThrough, openConnection } from "./connection/transport";
import { askKind, type EngineInfo, fetchEngineInfo, listSwarmNodes, type SwarmNode } from "./engine-info";
import { errno, translate } from "./errors/known-errors";
import { LabError } from "./errors/lab-error";
import { type ExecOptions, type ExecResult, Execs } from "./exec/exec";
import type { Process } from "./exec/process";
import { Containers } from "./resources/containers";
import { type EngineEvent, type Subscription, subscribe } from "./resources/events";
import { Images } from "./resources/images";
import type { Labels } from "./resources/labels";
import { Networks } from "./resources/networks";
import { Volumes } from "./resources/volumes";

/** Which engine to talk to. */
export interface ConnectOptions {
  /**
   * `unix:///run/user/1000/docker.sock`, `ssh://user@host`, `tcp://host:2376` with the certificates of `DOCKER_CERT_PATH`
   * and `DOCKER_TLS_VERIFY`, or the name of a docker context. Default: as the docker command finds it.
   */
  readonly host?: string;
  /** How long the engine may take to answer, in milliseconds. Default: 30,000. */
  readonly timeoutMs?: number;
}

/** How long an engine may take to answer for the first time: ssh may ask a server on the other side of the world. */
const CONNECT_TIMEOUT_MS = 30_000;

/**
 * A container engine: Docker, rootless Docker or Podman. A value that a lab holds, never a global.
 *
 * ```ts
 * const engine = await Engine.connect();
 * const box = await engine.containers.run({ name: "box", image: "debian", command: ["sleep", "infinity"] });
 * await engine.exec(box.id, ["ip", "route"]);
 * ```
 */
export class Engine {
  /** Its address, for people: `unix:///var/run/docker.sock`, `host1`. */
  readonly name: string;
  /** `20.10.24`. */
  readonly version: string;
  readonly kind: "docker" | "podman";
  readonly containers: Containers;
  readonly networks: Networks;
  readonly images: Images;
  readonly volumes: Volumes;
  /** Everything this engine was asked. */
  readonly log: CommandLog;
  readonly #docker: Docker;
  readonly #execs: Execs;
  readonly #hangUp: () => void;

  private constructor(
    docker: Docker,
    about: { name: string; version: string; kind: "docker" | "podman"; hangUp: () => void },
  ) {
    this.#docker = docker;
    this.name = about.name;
    this.version = about.version;
    this.kind = about.kind;
    this.#hangUp = about.hangUp;
    this.log = new CommandLog(about.name);
    this.containers = new Containers(docker, this.log);
    this.networks = new Networks(docker, this.log);
    this.images = new Images(docker, this.log);
    this.volumes = new Volumes(docker);
    this.#execs = new Execs(docker, this.log);
  }

  /**
   * Connects to the engine that the docker command would use.
   *
   * @throws LabError `NO_ENGINE` when nothing answers, `NO_PERMISSION` when this user may not ask, `NOT_ENCRYPTED` for a
   *   `tcp://` to another machine without TLS.
   */
  static async connect(options: ConnectOptions = {}): Promise<Engine> {
    const endpoint = options.host === undefined ? findEndpoint() : endpointOf(options.host);
    return Engine.at(endpoint, options.timeoutMs);
  }

  /** {@link connect}, to an endpoint that was found before. */
  static async at(endpoint: Endpoint, timeoutMs = CONNECT_TIMEOUT_MS): Promise<Engine> {
    const where = `${endpoint.url} (${endpoint.from})`;
    return Engine.#greet(openConnection(endpoint), { name: endpoint.url, where, timeoutMs });
  }

  /**
   * Connects to an engine over streams that `open` makes: how a Docker host inside a container is reached,
   * through an exec of `docker system dial-stdio`.
   *
   * @param open - makes one; its signal says that nobody needs it any more.
   */
  static async through(open: (signal: AbortSignal) => Promise<Duplex>, name: string): Promise<Engine> {
    const gone = (cause?: unknown): LabError =>
      new LabError("ENGINE_GONE", {
        where: name,
        found: "the container engine inside does not answer any more",
        advice: "Its container has ended or was removed. Run the cell that makes it once more.",
        cause,
      });
    const line = dialThrough(async (signal) => {
      if (signal.aborted) throw gone();
      return open(signal).catch((cause: unknown) => Promise.reject(gone(cause)));
    });
    return Engine.#greet(line, { name, where: name, timeoutMs: CONNECT_TIMEOUT_MS });
  }

  static async #greet(
    { docker, hangUp }: DockerConnection,
    { name, where, timeoutMs }: { name: string; where: string; timeoutMs: number },
  ): Promise<Engine> {
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      return new Engine(docker, { name, ...(await askKind(docker, deadline)), hangUp });
    } catch (cause) {
      hangUp();
      throw unreachable(
        deadline.aborted ? new Error(`no answer within ${timeoutMs} ms`, { cause }) : cause,
        where,
      );
    }
  }

  /** Runs a program in a container to its end. Shell: `docker exec`. See {@link Execs.run}. */
  exec(container: string, argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return this.#execs.run(container, argv, options);
  }

  /** Starts a program in a container and holds its streams open. Shell: `docker exec -i`. */
  open(container: string, argv: readonly string[], options: ExecOptions = {}): Promise<Process> {
    return this.#execs.open(container, argv, options);
  }

  /** Calls `listener` for each event of what bears all of `labels`. Shell: `docker events`. */
  events(labels: Partial<Labels>, listener: (event: EngineEvent) => void): Promise<Subscription> {
    return subscribe(this.#docker, labels, listener);
  }

  /**
   * What the engine says of itself, its machine and its swarm. Shell: `docker info`.
   *
   * @throws LabError `ENGINE_GONE` when it does not answer.
   */
  info(): Promise<EngineInfo> {
    return fetchEngineInfo(this.#docker).catch((cause: unknown) =>
      Promise.reject(translate(cause, this.name)),
    );
  }

  /**
   * The members of the swarm that this engine manages. Shell: `docker node ls`.
   *
   * @throws LabError `ENGINE_GONE`; `ENGINE_FAILED` when it is no manager.
   */
  swarmNodes(): Promise<readonly SwarmNode[]> {
    return listSwarmNodes(this.#docker).catch((cause: unknown) =>
      Promise.reject(translate(cause, this.name)),
    );
  }

  /** True while the engine answers. Shell: `docker version`. */
  async answers(): Promise<boolean> {
    return this.#docker.ping().then(
      () => true,
      () => false,
    );
  }

  /**
   * Hangs up on an engine that was reached {@link Engine.through} streams: all of them end, those too that are only being
   * opened, and with them every call that waits. What it is asked from now on is refused with `ENGINE_GONE`.
   */
  disconnect(): void {
    this.#hangUp();
  }
}

function unreachable(cause: unknown, where: string): LabError {
  const known = translate(cause, where);
  if (known.code === "NO_PERMISSION" || errno(cause) === "EACCES") return known;
  return new LabError("NO_ENGINE", {
    where,
    found: `no container engine answers (${cause instanceof Error ? cause.message.trim() : String(cause)})`,
    advice: adviceFor(where, cause),
    cause,
  });
}

function adviceFor(where: string, cause: unknown): string {
  const [url = ""] = where.split(" ");
  if (/HTTP request to an HTTPS server/.test(String(cause)))
    return "It wants TLS: DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH=FOLDER with ca.pem, cert.pem and key.pem.";
  if (url.startsWith("ssh://"))
    return `This must work without a question: ssh ${url.replace(/\/$/, "")} docker version. A key helps: ssh-copy-id.`;
  if (/^(?:tcp|https?):/.test(url))
    return `See what the docker command says: docker -H ${url} version. Its certificates may be of another authority, expired, or for other names.`;
  return "Start it (sudo systemctl start docker), install it (npm start does), or name another with DOCKER_HOST.";
}
