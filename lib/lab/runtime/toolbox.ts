import { type Engine, type Labels, label, Shell } from "../../engine";
import type { NetnsHandle } from "../place/netns-handle";

// Gives the namespace of process $1 its inode as a name in /run/netns: then `ip netns list-id`, in any namespace that
// is entered from here, says which namespace the other end of a veth is in.
const nameNamespace = `mkdir -p /run/netns; ln -sfn "/proc/$1/ns/net" "/run/netns/$(stat -L -c %i "/proc/$1/ns/net")"`;

/**
 * The container from which network namespaces are entered, looked at and joined: it sees the engine's processes and
 * has the tools that an app's image lacks. Its own network namespace is empty, so that a command of it that forgets
 * to enter one can do nothing to the machine.
 *
 * For containers on a Docker host the host itself is the toolbox.
 */
export class Toolbox {
  readonly engine: Engine;
  readonly container: string;
  readonly #root: Shell;
  readonly #handles = new Map<number, NetnsHandle>();

  constructor(engine: Engine, container: string) {
    this.engine = engine;
    this.container = container;
    this.#root = new Shell(engine, container, ["sh"], "toolbox");
  }

  /**
   * Starts one. SYS_ADMIN and SYS_PTRACE are what nsenter(1) needs, NET_ADMIN and NET_RAW what ip and iptables need,
   * SETUID and SETGID what tcpdump needs.
   */
  static async start(engine: Engine, name: string, image: string, labels: Labels): Promise<Toolbox> {
    const spec = {
      name,
      image,
      command: ["sleep", "infinity"],
      labels: { ...labels, [label.role]: "toolbox" },
      network: "none",
      pid: "host",
      capabilities: ["SYS_ADMIN", "SYS_PTRACE", "NET_ADMIN", "NET_RAW", "SETUID", "SETGID"],
      unconfined: true,
      memoryBytes: 1024 * 1024 * 1024,
      pids: 2_048,
    };
    const info = await engine.containers.runWithDevice(spec, "/dev/net/tun");
    return new Toolbox(engine, info.id);
  }

  /** The namespace of the process `pid`; its shell stays open until {@link leave}. */
  enter(pid: number, where: string): NetnsHandle {
    const known = this.#handles.get(pid);
    if (known) return known;
    const argv = ["sh", "-c", `${nameNamespace}; exec nsenter -t "$1" -n sh`, "sh", String(pid)];
    const handle = { pid, toolbox: this, shell: new Shell(this.engine, this.container, argv, where) };
    this.#handles.set(pid, handle);
    return handle;
  }

  /** Ends the shell in that namespace: one that is open keeps a namespace alive whose containers are gone. */
  leave(pid: number): void {
    this.#handles.get(pid)?.shell.close();
    this.#handles.delete(pid);
  }

  /** Makes the namespace of `pid` known as the far end of veths, without entering it. */
  async name(pid: number): Promise<void> {
    await this.#root.run(`set -- ${pid}; ${nameNamespace}`);
  }

  /** A shell of the toolbox itself. */
  get shell(): Shell {
    return this.#root;
  }

  close(): void {
    for (const pid of [...this.#handles.keys()]) this.leave(pid);
    this.#root.close();
  }

  async remove(): Promise<void> {
    this.close();
    await this.engine.containers.remove(this.container);
  }
}
