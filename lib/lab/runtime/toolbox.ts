import { type Engine, type Labels, label, Shell } from "../../engine";
import type { NetnsHandle } from "../place/netns-handle";

// Names the network namespace of process $1 in /run/netns after its inode number. `ip netns list-id`, in any namespace
// that is entered from here, then reports in which namespace the other end of a veth is.
const nameNamespace = `mkdir -p /run/netns; ln -sfn "/proc/$1/ns/net" "/run/netns/$(stat -L -c %i "/proc/$1/ns/net")"`;

/**
 * The container from which network namespaces are entered. It shares the machine's process namespace and has the network
 * tools that an app's image lacks. It has no network itself, so a command that is run outside of a namespace by mistake
 * cannot change the machine's network.
 *
 * For the containers on a Docker host, the Docker host is the toolbox.
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
   * Starts a toolbox. nsenter(1) needs SYS_ADMIN and SYS_PTRACE, ip and iptables need NET_ADMIN and NET_RAW, and tcpdump
   * needs SETUID and SETGID.
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

  /** Opens a shell in the network namespace of a process. The shell stays open until {@link leave}. */
  enter(pid: number, where: string): NetnsHandle {
    const known = this.#handles.get(pid);
    if (known) return known;
    const argv = ["sh", "-c", `${nameNamespace}; exec nsenter -t "$1" -n sh`, "sh", String(pid)];
    const handle = { pid, toolbox: this, shell: new Shell(this.engine, this.container, argv, where) };
    this.#handles.set(pid, handle);
    return handle;
  }

  /** Closes the shell in that namespace. An open shell keeps the namespace alive after its containers are removed. */
  leave(pid: number): void {
    this.#handles.get(pid)?.shell.close();
    this.#handles.delete(pid);
  }

  /** Names the network namespace of a process without entering it, so that it is found as the other end of veths. */
  async name(pid: number): Promise<void> {
    await this.#root.run(`set -- ${pid}; ${nameNamespace}`);
  }

  /** A shell in the toolbox's own namespaces. */
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
