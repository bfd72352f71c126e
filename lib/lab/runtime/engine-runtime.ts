import {
  type ContainerInfo,
  type ContainerSpec,
  type Engine,
  LabError,
  type Labels,
  label,
  limitsRole,
} from "../../engine";
import { inspectNamespace } from "../../inspect/collect";
import type { Snapshot } from "../../inspect/snapshot";
import type { LabFacts } from "../context/lab-facts";
import type { NetnsHandle } from "../place/netns-handle";
import { EndpointQueue } from "./endpoint-queue";
import { type LabEngine, sendMissing } from "./engines";
import type { Session } from "./session";
import type { Toolbox } from "./toolbox";

/** Bytes of memory that a container of a lab may use, where nothing else is said. */
const memoryBytes = 512 * 1024 * 1024;

/**
 * A lab's runtime on one engine: where its containers there are started and their namespaces entered. A lab on one machine
 * has one; a lab over several has one on each, and every place of it belongs to exactly one.
 */
export class EngineRuntime {
  readonly lab: LabFacts;
  readonly session: Session;
  /** The engine's name; with a number behind it where two engines of the lab have the same. */
  readonly name: string;
  /** A fact of the engine for its picture. */
  readonly detail: string;
  readonly architecture?: string;
  readonly #entered = new Set<readonly [Toolbox, number]>();
  /** Containers that are being started right now. */
  readonly #starting = new Set<Promise<ContainerInfo>>();
  readonly #endpointQueue: EndpointQueue;
  readonly #network: string;
  /** Images that are being sent here right now. */
  readonly #imageTransfers = new Map<string, Promise<void>>();

  /** @param network - id of the lab's network. */
  constructor(lab: LabFacts, { session, name, detail, architecture }: LabEngine, network: string) {
    this.lab = lab;
    this.session = session;
    this.name = name;
    this.detail = detail;
    if (architecture !== undefined) this.architecture = architecture;
    this.#network = network;
    this.#endpointQueue = new EndpointQueue(session.engine, network);
  }

  get engine(): Engine {
    return this.session.engine;
  }

  /** Enters namespaces of this engine's containers. */
  get toolbox(): Toolbox {
    return this.session.toolbox;
  }

  labels(place: string, role: string): Labels {
    return {
      ...this.session.labels,
      [label.wirebook]: "lab",
      [label.lab]: this.lab.name,
      [label.opening]: this.lab.opening,
      [label.place]: place,
      [label.role]: role,
    };
  }

  /** What all containers of labs have in common: name, labels, limits. */
  spec(place: string, role: string, image: string): ContainerSpec {
    return {
      name: `wirebook-${this.session.owner}-${this.lab.name}-${place}`,
      image,
      hostname: place,
      labels: this.labels(place, role),
      memoryBytes,
      pids: 512,
    };
  }

  /**
   * Starts a container of the lab here. On the lab's network it gets a fixed address, and the outside as default route
   * and name server instead of the machine: no packet of a lab leaves it.
   *
   * @param device - given to the container where the machine has it.
   */
  async run(spec: ContainerSpec, device?: string): Promise<ContainerInfo> {
    this.lab.check();
    const started = this.#withImage(spec.image, () => this.#start(spec, device));
    this.#starting.add(started);
    try {
      return await started;
    } finally {
      this.#starting.delete(started);
    }
  }

  // An image that only another engine of the lab has is sent.
  async #withImage(image: string, start: () => Promise<ContainerInfo>): Promise<ContainerInfo> {
    try {
      return await start();
    } catch (error) {
      const { runtimes, progress } = this.lab;
      const missing = error instanceof LabError && error.code === "IMAGE_MISSING";
      if (!missing || runtimes.length === 1) throw error;
      const known = this.#imageTransfers.get(image);
      const transfer = known ?? sendMissing(this, runtimes, [image], progress);
      this.#imageTransfers.set(image, transfer);
      await transfer.finally(() => this.#imageTransfers.delete(image));
      if ((await this.engine.images.find(image)) === undefined) throw error;
      return await start();
    }
  }

  async #start(spec: ContainerSpec, device?: string): Promise<ContainerInfo> {
    const { lab } = this;
    if (spec.network !== lab.network) {
      const { containers } = this.engine;
      return this.#started(
        await (device === undefined ? containers.run(spec) : containers.runWithDevice(spec, device)),
      );
    }
    const address = spec.address ?? lab.pool.take(spec.name);
    try {
      const onNetwork = { ...spec, address, dns: [lab.outsideAddress] };
      const info = await this.engine.containers.run(onNetwork, (id, start) =>
        this.#endpointQueue.attach(id, start),
      );
      await this.#routeThroughOutside(info, address, info.labels[label.role]);
      return await this.#started(info);
    } catch (error) {
      lab.pool.release(address);
      throw error;
    }
  }

  /** Removes a container of the lab here; one on the lab's network leaves it first, when its turn has come. */
  async remove(id: string): Promise<void> {
    await this.#endpointQueue.detach(id);
    await this.engine.containers.remove(id);
  }

  /**
   * How the namespace of `pid` is entered and looked at.
   *
   * @param toolbox - default: the engine's own; for containers on a Docker host, the host.
   */
  access(name: string, pid: number, toolbox: Toolbox = this.toolbox): NamespaceAccess {
    return {
      enter: async () => {
        this.lab.check();
        this.#entered.add([toolbox, pid]);
        return toolbox.enter(pid, name);
      },
      inspect: async (place, { shell }) => {
        const look = await inspectNamespace(shell, place);
        return this.lab.runtimes.length === 1 ? look : { ...look, machine: this.name };
      },
    };
  }

  /** What the engine still has of the lab, as `container NAME`. */
  async leaks(): Promise<readonly string[]> {
    const mine = { [label.opening]: this.lab.opening };
    const { containers, networks, volumes } = this.engine;
    return [
      ...(await containers.list(mine)).map(({ name }) => `container ${name}`),
      ...(await networks.list(mine)).map(({ name }) => `network ${name}`),
      ...(await volumes.list(mine)).map(({ name }) => `volume ${name}`),
    ];
  }

  /** Resolves when nothing is being started any more: an engine may lose count of what is removed before it has. */
  async startsSettled(): Promise<void> {
    await Promise.allSettled([...this.#starting]);
  }

  /** Ends the shells in its namespaces: one that is open would keep its namespace alive. */
  closeShells(): void {
    for (const [toolbox, pid] of this.#entered) toolbox.leave(pid);
  }

  /**
   * Removes the lab's containers here.
   *
   * @param alone - also its network, as soon as no container needs it.
   */
  async removeContainers(alone: boolean): Promise<void> {
    await this.#endpointQueue.close();
    const mine = { [label.opening]: this.lab.opening };
    const { containers, networks } = this.engine;
    // Until nothing is left: a container may be under way while the lab is closed.
    for (let left = await containers.list(mine); left.length > 0; left = await containers.list(mine)) {
      // While the group of another container is inside its own, its own is not removed with it.
      const limited = left.filter(({ labels }) => labels[label.role] !== limitsRole);
      const ids = new Set((limited.length > 0 ? limited : left).map(({ id }) => id));
      const removals = new Map<string, Promise<void>>();
      const remove = (id: string): void => {
        if (ids.has(id) && !removals.has(id)) removals.set(id, containers.remove(id));
      };
      // Apps have no endpoint of their own: they go while the others leave the network, and while it is removed.
      for (const { id, labels } of left) if (labels[label.role] === "app") remove(id);
      const apps = [...removals.values()];
      await networks.empty(this.#network, remove);
      for (const id of ids) remove(id);
      await Promise.all([...removals.values()].filter((each) => !apps.includes(each)));
      await Promise.all(alone ? [this.#removeNetworks(), ...apps] : apps);
    }
  }

  /**
   * Removes what the lab's containers had. They are gone by then, on all engines.
   *
   * @param network - also its network: on a swarm it is for a manager to remove.
   */
  async removeRest(network: boolean): Promise<void> {
    const mine = { [label.opening]: this.lab.opening };
    const { volumes } = this.engine;
    if (network) await this.#removeNetworks();
    await Promise.all((await volumes.list(mine)).map(({ name }) => volumes.remove(name)));
  }

  async #removeNetworks(): Promise<void> {
    const { networks } = this.engine;
    const mine = await networks.list({ [label.opening]: this.lab.opening });
    await Promise.all(mine.map(({ id }) => networks.remove(id)));
  }

  async #started(info: ContainerInfo): Promise<ContainerInfo> {
    if (!this.lab.closed) return info;
    await this.remove(info.id);
    this.lab.check();
    return info;
  }

  async #routeThroughOutside(info: ContainerInfo, address: string, role: string | undefined): Promise<void> {
    const { outsideAddress } = this.lab;
    // An overlay that is internal has no way out, so the outside has none to lose.
    const none = this.lab.runtimes.length > 1 ? "show default" : "del default";
    const route = address === outsideAddress ? none : `replace default via ${outsideAddress}`;
    const script = routeThroughOutsideScript
      .replaceAll("PID", String(info.pid))
      .replaceAll("ROUTE", route)
      .replaceAll("SERVER", outsideAddress)
      // The engine of a Docker host is adding rules of its own right now.
      .replaceAll("KEEP", String(role === "docker-host"));
    const answer = await this.toolbox.shell.run(script);
    if (answer.exitCode === 0) return;
    await this.remove(info.id);
    throw new LabError("CONTAINER_EXITED", {
      where: info.name,
      found: `its network could not be set up (${answer.stderr.trim()})`,
      advice: "Its image may have ended at once: look at docker logs, or try the image by hand.",
    });
  }
}

// On a network of its own making Docker puts a name server on 127.0.0.11 into the container, that asks the machine's
// name servers, and the nat rules that lead to it. A machine on a wire has none of this, and no question of a lab leaves
// the machine: the rules go, and what the container asks is the outside.
const routeThroughOutsideScript = `cat > /dev/shm/wirebook-dns <<'RULES'
*nat
-D OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT
-D POSTROUTING -d 127.0.0.11/32 -j DOCKER_POSTROUTING
-F DOCKER_OUTPUT
-F DOCKER_POSTROUTING
-X DOCKER_OUTPUT
-X DOCKER_POSTROUTING
COMMIT
RULES
# iptables-legacy takes one lock for all namespaces, and since 1.8.10 it fails at once without --wait.
for variant in nft legacy; do
  nsenter -t PID -n iptables-$variant-restore --noflush --wait < /dev/shm/wirebook-dns && break
done 2>/dev/null
# Without a rule in it the table does nothing, and the kernel tells nothing of it in a trace.
[ KEEP = true ] || nsenter -t PID -n nft list table ip nat 2>/dev/null | grep -v 'type nat hook' |
  grep -q "$(printf '^\\t\\t')" || nsenter -t PID -n nft delete table ip nat 2>/dev/null
echo 'nameserver SERVER' > /proc/PID/root/etc/resolv.conf
nsenter -t PID -n ip route ROUTE`;

/** See {@link EngineRuntime.access}. */
export interface NamespaceAccess {
  readonly enter: () => Promise<NetnsHandle>;
  readonly inspect: (name: string, handle: NetnsHandle) => Promise<Snapshot>;
}
