import type { Duplex } from "node:stream";
import type Docker from "dockerode";
import { CommandLog } from "./command-log";
import { type Endpoint, endpointOf, findEndpoint } from "./connection/endpoint";
import { type DockerConnection, dialThrough, openConnection } from "./connection/transport";
import { type EngineInfo, fetchEngineInfo, fetchKind, listSwarmNodes, type SwarmNode } from "./engine-info";
import { errno, translate } from "./errors/known-errors";
import { LabError } from "./errors/lab-error";
import { type ExecOptions, type ExecResult, Execs, shellText } from "./exec/exec";
import type { Process } from "./exec/process";
import { Containers } from "./resources/containers";
import { type EngineEvent, type Subscription, subscribe } from "./resources/events";
import { Images } from "./resources/images";
import type { Labels } from "./resources/labels";
import { Networks } from "./resources/networks";
import { Volumes } from "./resources/volumes";

/** Options of {@link Engine.connect}. */
export interface ConnectOptions {
  /**
   * The engine's address or the name of a docker context: `unix:///run/user/1000/docker.sock`, `ssh://user@host`,
   * `tcp://host:2376` (with TLS from `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH`). Default: the engine that the docker
   * command uses.
   */
  readonly host?: string;
  /** Time in milliseconds within which the engine must reply. Default: 30,000. */
  readonly timeoutMs?: number;
}

/** Time within which an engine must reply for the first time. Long enough for ssh to a distant server. */
const CONNECT_TIMEOUT_MS = 30_000;

/**
 * A connection to a container engine: Docker, rootless Docker or Podman. Every method sends requests to the engine's
 * HTTP API (docs.docker.com/reference/api/engine) and records them in `log`.
 *
 * Shell: `docker -H HOST`.
 *
 * @example
 * import { Engine } from "wirebook";
 * const engine = await Engine.connect();
 * const containers = await engine.containers.list();
 * console.log(engine.kind, engine.version, containers.length);
 */
export class Engine {
  /** The engine's address, or the name of the Docker host in which it runs: `unix:///var/run/docker.sock`, `host1`. */
  readonly name: string;
  /** `20.10.24`. */
  readonly version: string;
  readonly kind: "docker" | "podman";
  readonly containers: Containers;
  readonly networks: Networks;
  readonly images: Images;
  readonly volumes: Volumes;
  /** The requests sent to this engine and the commands that ran on it. */
  readonly log: CommandLog;
  readonly #docker: Docker;
  readonly #execs: Execs;
  readonly #disconnect: () => void;

  private constructor(
    docker: Docker,
    about: { name: string; version: string; kind: "docker" | "podman"; disconnect: () => void },
  ) {
    this.#docker = docker;
    this.name = about.name;
    this.version = about.version;
    this.kind = about.kind;
    this.#disconnect = about.disconnect;
    this.log = new CommandLog(about.name);
    this.containers = new Containers(docker, this.log);
    this.networks = new Networks(docker, this.log);
    this.images = new Images(docker, this.log);
    this.volumes = new Volumes(docker, this.log);
    this.#execs = new Execs(docker, this.log);
  }

  /**
   * Connects to an engine: by default to the one that the docker command uses (`DOCKER_HOST`, then the current context,
   * then the first socket that exists).
   *
   * Shell: `docker version`.
   *
   * @param options.host - address or docker context. Default: like the docker command.
   * @param options.timeoutMs - time within which the engine must reply. Default: 30,000.
   * @throws LabError `NO_ENGINE` if no engine replies, `NO_PERMISSION` if this user may not access it, `NOT_ENCRYPTED`
   *   for `tcp://` to another machine without TLS.
   * @example
   * import { Engine } from "wirebook";
   * const engine = await Engine.connect({ timeoutMs: 5_000 });
   * console.log(engine.name);
   */
  static async connect(options: ConnectOptions = {}): Promise<Engine> {
    const endpoint = options.host === undefined ? findEndpoint() : endpointOf(options.host);
    return Engine.at(endpoint, options.timeoutMs);
  }

  /** Connects to an endpoint that was already found. See {@link connect}. */
  static async at(endpoint: Endpoint, timeoutMs = CONNECT_TIMEOUT_MS): Promise<Engine> {
    const where = `${endpoint.url} (${endpoint.from})`;
    return Engine.#connectOn(openConnection(endpoint), { name: endpoint.url, where, timeoutMs });
  }

  /**
   * Connects to an engine over streams that `open` returns. Labs reach the engine of a Docker host inside a container like
   * this, through an exec of `docker system dial-stdio`.
   *
   * @param open - returns a new stream. Its signal aborts when the engine is disconnected.
   * @param name - name of the engine, for errors.
   * @throws LabError `ENGINE_GONE` if a stream can't be opened, `NO_ENGINE` if no engine replies.
   */
  static async through(open: (signal: AbortSignal) => Promise<Duplex>, name: string): Promise<Engine> {
    const goneError = (cause?: unknown): LabError =>
      new LabError("ENGINE_GONE", {
        where: name,
        found: "the engine that runs in this container does not respond any more",
        advice: "Its container has ended or was removed. Run the cell that creates it again.",
        cause,
      });
    const connection = dialThrough(async (signal) => {
      if (signal.aborted) throw goneError();
      return open(signal).catch((cause: unknown) => Promise.reject(goneError(cause)));
    });
    return Engine.#connectOn(connection, { name, where: name, timeoutMs: CONNECT_TIMEOUT_MS });
  }

  static async #connectOn(
    { docker, disconnect }: DockerConnection,
    { name, where, timeoutMs }: { name: string; where: string; timeoutMs: number },
  ): Promise<Engine> {
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      return new Engine(docker, { name, ...(await fetchKind(docker, deadline)), disconnect });
    } catch (cause) {
      disconnect();
      throw unreachable(
        deadline.aborted ? new Error(`no reply within ${timeoutMs} ms`, { cause }) : cause,
        where,
      );
    }
  }

  /**
   * Runs a program in a container and waits until it ends. A non-zero exit code is returned, not thrown.
   *
   * Shell: `docker exec CONTAINER ARGV…`.
   *
   * @param container - id or name.
   * @param argv - the program and its arguments. No shell expands them.
   * @param options.timeoutMs - in milliseconds. Default: no limit.
   * @throws LabError `COMMAND_MISSING`, `NOT_RUNNING`, `CONTAINER_GONE`, `TIMED_OUT`, `INTERRUPTED`, `ENGINE_GONE`.
   * @example
   * import { Engine } from "wirebook";
   * const engine = await Engine.connect();
   * const [first] = await engine.containers.list();
   * if (first?.state === "running") console.log((await engine.exec(first.id, ["hostname"])).stdout);
   */
  exec(container: string, argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return this.#execs.run(container, argv, options);
  }

  /**
   * Starts a program in a container and returns it with open streams.
   *
   * Shell: `docker exec -i CONTAINER ARGV…`.
   *
   * @param options.signal - cancels the start; it has no effect on a program that runs.
   * @throws LabError `COMMAND_MISSING`, `NOT_RUNNING`, `CONTAINER_GONE`, `ENGINE_GONE`.
   */
  open(container: string, argv: readonly string[], options: ExecOptions = {}): Promise<Process> {
    const where = options.where ?? container.slice(0, 12);
    return this.log.run(where, `docker exec -i ${where} ${shellText(argv)}`, () =>
      this.#execs.open(container, argv, options),
    );
  }

  /**
   * Calls `listener` for each event of a container or network that has all of `labels`. The stream doesn't keep the
   * Node.js process alive.
   *
   * Shell: `docker events --filter label=…`.
   *
   * @throws LabError `ENGINE_GONE` if the engine does not respond.
   */
  events(labels: Partial<Labels>, listener: (event: EngineEvent) => void): Promise<Subscription> {
    return this.log.run(this.name, "docker events", () => subscribe(this.#docker, labels, listener));
  }

  /**
   * Returns information about the engine, its machine and its swarm.
   *
   * Shell: `docker info`.
   *
   * @throws LabError `ENGINE_GONE` if the engine does not respond.
   */
  info(): Promise<EngineInfo> {
    return this.#request("docker info", () => fetchEngineInfo(this.#docker));
  }

  /**
   * Lists the nodes of the swarm that this engine manages.
   *
   * Shell: `docker node ls`.
   *
   * @throws LabError `ENGINE_GONE`; `ENGINE_FAILED` if the engine is not a manager.
   */
  swarmNodes(): Promise<readonly SwarmNode[]> {
    return this.#request("docker node ls", () => listSwarmNodes(this.#docker));
  }

  /** Returns true if the engine replies to a ping. Shell: `docker version`. */
  async answers(): Promise<boolean> {
    return this.log
      .run(this.name, "docker version", () => this.#docker.ping())
      .then(
        () => true,
        () => false,
      );
  }

  /**
   * Closes the connection to an engine that was reached through {@link Engine.through} or `ssh://`: destroys all streams,
   * including those that are still being opened. Pending calls fail, and later calls throw `ENGINE_GONE`. Does nothing for
   * other engines.
   */
  disconnect(): void {
    this.#disconnect();
  }

  async #request<T>(command: string, action: () => Promise<T>): Promise<T> {
    try {
      return await this.log.run(this.name, command, action);
    } catch (error) {
      throw translate(error, this.name);
    }
  }
}

function unreachable(cause: unknown, where: string): LabError {
  const known = translate(cause, where);
  if (known.code === "NO_PERMISSION" || errno(cause) === "EACCES") return known;
  return new LabError("NO_ENGINE", {
    where,
    found: `no container engine responds (${cause instanceof Error ? cause.message.trim() : String(cause)})`,
    advice: adviceFor(where, cause),
    cause,
  });
}

function adviceFor(where: string, cause: unknown): string {
  const [url = ""] = where.split(" ");
  if (/HTTP request to an HTTPS server/.test(String(cause)))
    return "The engine requires TLS: set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem.";
  if (url.startsWith("ssh://"))
    return `This command must work without a prompt: ssh ${url.replace(/\/$/, "")} docker version. Set up a key with ssh-copy-id.`;
  if (/^(?:tcp|https?):/.test(url))
    return `Compare with the docker command: docker -H ${url} version. The certificates may be from another authority, expired, or for other names.`;
  return "Start it (sudo systemctl start docker), install it with npm start, or select another one with DOCKER_HOST.";
}
