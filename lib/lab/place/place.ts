import { type ContainerInfo, type Engine, type ExecOptions, type ExecResult, LabError } from "../../engine";
import type { Snapshot } from "../../inspect/snapshot";
import { Command, CommandResult, type CommandSettings } from "./command";
import type { NetnsHandle } from "./netns-handle";
import { fetchCommand, type Page, readPage } from "./page";
import { joinScript, type Script, type ScriptValue } from "./script";

/** A container that lives in a place's network namespace. */
export interface PlaceContainer {
  readonly name: string;
  /** `pause` holds the namespace, `app` joined it. */
  readonly role: "pause" | "app";
  /** What runs in it, for pictures: the image. */
  readonly detail?: string;
  /** Default: true. */
  readonly running?: boolean;
}

/**
 * The kind of a place. `host` is the engine's machine; `container` is an app of a pod or a container on a Docker host.
 *
 * @example
 * import type { PlaceKind } from "wirebook";
 * const runsDocker = (kind: PlaceKind): boolean => kind === "docker-host";
 */
export type PlaceKind = "host" | "docker-host" | "outside" | "node" | "pod" | "container" | "netns";

/**
 * Something in a lab that has a network namespace and runs commands: a plain namespace, a pod, a node, a Docker host, a
 * container on it, or the outside.
 *
 * @example
 * import { Lab, type Place, type PlaceKind } from "wirebook";
 * const lab = await Lab.open("place-types-example");
 * const outside: Place = lab.place("outside");
 * const kind: PlaceKind = outside.kind;
 * const { exitCode } = await outside.exec(["ip", "addr"]);
 * const links = (await outside.snapshot()).links;
 * console.log(kind, exitCode, links.length);
 * await lab.close();
 */
export interface Place {
  /** Unique in the lab. */
  readonly name: string;
  readonly kind: PlaceKind;
  /**
   * Runs a program and waits until it exits. Does not throw if the exit code is not 0.
   *
   * Shell: `docker exec NAME argv…`.
   *
   * @throws LabError `COMMAND_MISSING`, `NOT_RUNNING`, `CONTAINER_GONE`, `TIMED_OUT`, `INTERRUPTED`.
   */
  exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /**
   * Runs a shell script with `sh -c`. Each `${value}` is passed as a positional parameter, so it is always one word, even
   * if it contains quotes or spaces. Throws `COMMAND_FAILED` if the exit code is not 0.
   *
   * Shell: `docker exec NAME sh -c SCRIPT`.
   */
  sh(strings: TemplateStringsArray, ...values: readonly ScriptValue[]): Command;
  /** Like `sh`, but does not throw if the exit code is not 0. */
  try(strings: TemplateStringsArray, ...values: readonly ScriptValue[]): Command;
  /** Runs a text as a shell script without any substitution. `%%sh NAME` cells use it. */
  script(text: string, settings?: CommandSettings): Command;
  /** Reads the state of its network namespace: links, addresses, routes, rules, sockets. */
  snapshot(): Promise<Snapshot>;
  /** Name of the place that contains this one: the node of a pod, the Docker host of a container. */
  readonly parent?: string;
  /** Additional text for pictures: `pod CIDR 10.244.1.0/24`. */
  readonly detail?: string;
  /** The containers that share its namespace, for pictures. */
  boxes?(): Promise<readonly PlaceContainer[]>;
}

/** Everything that {@link ContainerPlace} needs. */
export interface PlaceParts {
  readonly name: string;
  readonly kind: PlaceKind;
  readonly engine: Engine;
  /** Id of the container in which commands run. */
  readonly container: string;
  /** User that commands run as. Default: the user of the image. */
  readonly user?: string;
  readonly parent?: string;
  readonly detail?: string;
  /** Enters the network namespace; called on first use. */
  readonly enter: () => Promise<NetnsHandle>;
  readonly inspect: (name: string, handle: NetnsHandle) => Promise<Snapshot>;
}

/** A place whose commands run in one container. */
export class ContainerPlace implements Place {
  readonly name: string;
  readonly kind: PlaceKind;
  readonly engine: Engine;
  /** Id of the container in which commands run. */
  readonly container: string;
  readonly parent?: string;
  readonly detail?: string;
  readonly #user: string | undefined;
  readonly #enter: () => Promise<NetnsHandle>;
  readonly #inspect: (name: string, netnsHandle: NetnsHandle) => Promise<Snapshot>;

  constructor(parts: PlaceParts) {
    this.name = parts.name;
    this.kind = parts.kind;
    this.engine = parts.engine;
    this.container = parts.container;
    if (parts.parent !== undefined) this.parent = parts.parent;
    if (parts.detail !== undefined) this.detail = parts.detail;
    this.#user = parts.user;
    this.#enter = parts.enter;
    this.#inspect = parts.inspect;
  }

  exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    const user = this.#user === undefined ? {} : { user: this.#user };
    return this.engine.exec(this.container, argv, { ...user, ...options, where: this.name });
  }

  sh(strings: TemplateStringsArray, ...values: readonly ScriptValue[]): Command {
    return this.#run(joinScript(strings.raw, values), {});
  }

  try(strings: TemplateStringsArray, ...values: readonly ScriptValue[]): Command {
    return this.#run(joinScript(strings.raw, values), { nothrow: true });
  }

  script(text: string, settings: CommandSettings = {}): Command {
    return this.#run({ text, args: [] }, settings);
  }

  /**
   * Fetches a page of a server that runs the `web` image.
   *
   * Shell: `docker exec NAME curl -sS -m SECONDS URL`.
   *
   * @param url - a URL, or `ADDRESS:PORT` for the root page over HTTP.
   * @param options.seconds - time limit in seconds. Default: 5.
   * @throws LabError `COMMAND_FAILED` if curl gets no response in time.
   */
  async get(url: string, { seconds = 5 }: { readonly seconds?: number } = {}): Promise<Page> {
    const argv = fetchCommand(url, seconds);
    const result = await this.exec(argv);
    if (result.exitCode === 0) return readPage(result.stdout, result.milliseconds);
    throw new LabError("COMMAND_FAILED", {
      where: this.name,
      found: `no response from ${url}: ${result.stderr.trim()}`,
      advice: "To see where the packet is lost, trace it: await lab.trace({ from, to, tcp }).",
      cause: result,
    });
  }

  async snapshot(): Promise<Snapshot> {
    return this.#inspect(this.name, await this.#enter());
  }

  /** Enters its network namespace. The handle's shell has all network tools and may change the network. */
  netnsHandle(): Promise<NetnsHandle> {
    return this.#enter();
  }

  /** Returns the engine's current information about the container. Shell: `docker inspect NAME`. */
  state(): Promise<ContainerInfo> {
    return this.engine.containers.inspect(this.container, this.name);
  }

  #run(script: Script, settings: CommandSettings): Command {
    return new Command(
      this.name,
      script.text,
      async ({ quiet: _quiet, nothrow: _nothrow, ...options }, shown) => {
        const sink = {
          stdout: (chunk: Buffer) => void process.stdout.write(chunk),
          stderr: (chunk: Buffer) => void process.stderr.write(chunk),
        };
        const argv = ["sh", "-c", script.text, "sh", ...script.args];
        return new CommandResult(
          await this.exec(argv, { ...options, ...(shown ? { sink } : {}) }),
          shown,
          script.text.trim(),
        );
      },
      settings,
    );
  }
}
