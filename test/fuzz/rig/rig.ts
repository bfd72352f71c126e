import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Engine, type Process, Shell, type Sink } from "../../../lib/engine";
import { Session } from "../../../lib/lab/runtime/session";
import type { Traceable } from "../../../lib/lab/trace/live/live-trace";
import { imageTag } from "../../../lib/setup/images";

/** A netns of the rig. Runs scripts and programs in it, and sends packets from it. */
export class Namespace implements Traceable {
  readonly place: string;
  readonly pid: number;
  readonly shell: Shell;
  readonly #engine: Engine;
  readonly #container: string;
  #wire: Promise<Wire> | undefined;

  constructor(engine: Engine, container: string, place: string, pid: number) {
    this.place = place;
    this.pid = pid;
    this.#engine = engine;
    this.#container = container;
    this.shell = new Shell(engine, container, this.#enter(["sh"]), place);
  }

  #enter(argv: readonly string[]): string[] {
    return ["nsenter", "-t", String(this.pid), "-n", ...argv];
  }

  open(argv: readonly string[], sink: Sink): Promise<Process> {
    return this.#engine.open(this.#container, this.#enter(argv), { where: this.place, sink });
  }

  /** Runs a script. Throws if it fails. */
  async run(script: string): Promise<string> {
    const { stdout, stderr, exitCode } = await this.shell.run(script);
    if (exitCode === 0) return stdout;
    throw new Error(`${this.place}: exit code ${exitCode} of\n${script}\n${stderr.trim()}`);
  }

  /** Returns the packet sender of this netns. Starts it on the first call. */
  wire(): Promise<Wire> {
    this.#wire ??= Wire.start(this);
    return this.#wire;
  }

  async close(): Promise<void> {
    this.shell.close();
    (await this.#wire)?.close();
  }
}

/** A running wire.pl. */
export class Wire {
  readonly #process: Process;
  readonly #state: { out: string; look: () => void };
  #token = 0;

  private constructor(process: Process, state: { out: string; look: () => void }) {
    this.#process = process;
    this.#state = state;
  }

  static async start(namespace: Namespace): Promise<Wire> {
    const state = { out: "", look: (): void => undefined };
    const program = readFileSync(join(__dirname, "wire.pl"), "utf8");
    const process = await namespace.open(["perl", "-e", program], {
      stdout: (chunk) => {
        state.out += chunk.toString();
        state.look();
      },
      stderr: (chunk) => {
        state.out += `E perl ${chunk.toString().trim()}\n`;
        state.look();
      },
    });
    return new Wire(process, state);
  }

  /** Sends packets in order, as input lines of wire.pl. @returns its error lines, once all packets have been sent. */
  async send(lines: readonly string[]): Promise<readonly string[]> {
    this.#token += 1;
    const end = `K ${this.#token}\n`;
    const done = new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`wire.pl did not answer: ${this.#state.out}`)), 10_000);
      this.#state.look = () => {
        const at = this.#state.out.indexOf(end);
        if (at < 0) return;
        clearTimeout(timer);
        const told = this.#state.out.slice(0, at);
        this.#state.out = this.#state.out.slice(at + end.length);
        resolve(told);
      };
    });
    await this.#process.write(`${lines.join("\n")}\n${end}`);
    return (await done).split("\n").filter((line) => line !== "");
  }

  close(): void {
    this.#process.destroy();
  }
}

/**
 * A container with private network namespaces. It does not touch the machine's network. Removing the container removes
 * all of them. If this process is killed, the session's reaper removes the container.
 */
export class Rig {
  readonly #engine: Engine;
  readonly #container: string;
  readonly #holder: Process;
  readonly namespaces: readonly Namespace[];

  private constructor(engine: Engine, container: string, holder: Process, namespaces: readonly Namespace[]) {
    this.#engine = engine;
    this.#container = container;
    this.#holder = holder;
    this.namespaces = namespaces;
  }

  /**
   * Starts the container. It has SYS_ADMIN for unshare, nsenter and a writable /proc/sys, SYS_PTRACE for nsenter, and
   * the other capabilities for ip, nft and wire.pl.
   */
  static async start(engine: Engine, places: readonly string[]): Promise<Rig> {
    const session = await Session.on(engine);
    const { id } = await engine.containers.run({
      name: `wirebook-${session.owner}-rig-${Date.now().toString(36)}`,
      image: imageTag("base"),
      command: ["sleep", "infinity"],
      labels: session.labels,
      network: "none",
      capabilities: ["SYS_ADMIN", "SYS_PTRACE", "NET_ADMIN", "NET_RAW", "KILL"],
      unconfined: true,
      init: true,
      memoryBytes: 512 * 1024 * 1024,
      pids: 500,
    });
    let holder: Process | undefined;
    try {
      let out = "";
      let look = (): void => undefined;
      const script = [
        "mount -o remount,rw,bind /proc/sys",
        ...places.map(() => "unshare -n sh -c 'ip link set lo up; echo \"pid $$\"; exec sleep infinity' &"),
        "wait",
      ].join("\n");
      holder = await engine.open(id, ["sh", "-c", script], {
        where: "rig",
        sink: {
          stdout: (chunk) => {
            out += chunk.toString();
            look();
          },
          stderr: (chunk) => {
            out += chunk.toString();
          },
        },
      });
      const pids = await new Promise<readonly number[]>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`the namespaces did not start: ${out}`)), 10_000);
        look = () => {
          const found = [...out.matchAll(/^pid (\d+)$/gm)].map((match) => Number(match[1]));
          if (found.length < places.length) return;
          clearTimeout(timer);
          resolve(found);
        };
        look();
      });
      const namespaces = places.map((place, at) => new Namespace(engine, id, place, pids[at] ?? 0));
      return new Rig(engine, id, holder, namespaces);
    } catch (error) {
      holder?.destroy();
      await engine.containers.remove(id);
      throw error;
    }
  }

  namespace(place: string): Namespace {
    const found = this.namespaces.find((each) => each.place === place);
    if (!found) throw new Error(`the rig has no namespace ${place}`);
    return found;
  }

  async remove(): Promise<void> {
    await Promise.all(this.namespaces.map((namespace) => namespace.close()));
    this.#holder.destroy();
    await this.#engine.containers.remove(this.#container);
  }
}
