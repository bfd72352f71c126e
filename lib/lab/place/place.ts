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

/** What a place of a lab is. */
export type PlaceKind = "host" | "docker-host" | "outside" | "node" | "pod" | "container" | "netns";

/**
 * Somewhere in a lab where commands run and whose network namespace can be looked at: a namespace, a pod, a node,
 * a Docker host, a container on it, the outside.
 */
export interface Place {
  /** Unique on the lab. */
  readonly name: string;
  readonly kind: PlaceKind;
  /**
   * Runs a program to its end. Any exit code is a result.
   *
   * Shell: `docker exec NAME argv…`.
   *
   * @throws LabError `COMMAND_MISSING`, `NOT_RUNNING`, `CONTAINER_GONE`, `TIMED_OUT`, `INTERRUPTED`.
   */
  exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Runs a shell script; each `${value}` is one word of it, whatever it holds. */
  sh(strings: TemplateStringsArray, ...values: readonly ScriptValue[]): Command;
  /** As `sh`, and any exit code is a result. */
  try(strings: TemplateStringsArray, ...values: readonly ScriptValue[]): Command;
  /** Runs the text of a shell script as it stands: what a `%%sh NAME` cell does. */
  script(text: string, settings?: CommandSettings): Command;
  /** Everything its network namespace shows, in one go. */
  snapshot(): Promise<Snapshot>;
  /** Name of the place that this one lives in: the node of a pod, the Docker host of a container. */
  readonly parent?: string;
  /** A fact for its picture: `pod CIDR 10.244.1.0/24`. */
  readonly detail?: string;
  /** The containers that share its namespace, for its picture. */
  boxes?(): Promise<readonly PlaceContainer[]>;
}

/** What {@link ContainerPlace} stands on. */
export interface PlaceParts {
  readonly name: string;
  readonly kind: PlaceKind;
  readonly engine: Engine;
  /** The container in which commands run. */
  readonly container: string;
  /** User of the container as whom commands run. Default: the image's. */
  readonly user?: string;
  readonly parent?: string;
  readonly detail?: string;
  /** Enters the network namespace; made on first need. */
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

  async get(url: string, { seconds = 5 }: { readonly seconds?: number } = {}): Promise<Page> {
    const argv = fetchCommand(url, seconds);
    const result = await this.exec(argv);
    if (result.exitCode === 0) return readPage(result.stdout, result.milliseconds);
    throw new LabError("COMMAND_FAILED", {
      where: this.name,
      found: `nobody answered for ${url}: ${result.stderr.trim()}`,
      advice: "Where does the packet end? Draw its way: await lab.trace({ from, to, tcp }).",
      cause: result,
    });
  }

  async snapshot(): Promise<Snapshot> {
    return this.#inspect(this.name, await this.#enter());
  }

  /** The namespace's handle: a shell with all tools and the right to change the network. */
  netnsHandle(): Promise<NetnsHandle> {
    return this.#enter();
  }

  /** What the engine says of the container now. Shell: `docker inspect`. */
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
