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
import { copyMissingImages, type LabEngine } from "./engines";
import type { Session } from "./session";
import type { Toolbox } from "./toolbox";

/** Default memory limit of a lab's container. */
const memoryBytes = 512 * 1024 * 1024;

/**
 * The part of a lab that runs on one engine. It starts and removes the lab's containers there and enters their network
 * namespaces. Each place belongs to exactly one runtime.
 */
export class EngineRuntime {
  readonly lab: LabFacts;
  readonly session: Session;
  /** The engine's name, followed by a number if several engines of the lab have the same name. */
  readonly name: string;
  /** Text for the engine's frame in pictures. */
  readonly detail: string;
  readonly architecture?: string;
  readonly #entered = new Set<readonly [Toolbox, number]>();
  /** Containers that are starting. */
  readonly #starting = new Set<Promise<ContainerInfo>>();
  readonly #endpointQueue: EndpointQueue;
  readonly #network: string;
  /** Images that are being copied to this engine. */
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

  /** The settings that all containers of a lab have: name, labels and limits. */
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
   * Starts a container of the lab on this engine. On the lab's network it gets a fixed address, and the outside as its
   * default gateway and name server, so that no packet leaves the lab.
   *
   * @param options.device - path of a device to pass to the container if the machine has it.
   * @param options.beforeStart - called with the container's id when it is created; it starts when the promise resolves.
   */
  async run(
    spec: ContainerSpec,
    options: { readonly device?: string; readonly beforeStart?: (id: string) => Promise<unknown> } = {},
  ): Promise<ContainerInfo> {
    this.lab.check();
    const started = this.#withImage(spec.image, () => this.#start(spec, options));
    this.#starting.add(started);
    try {
      return await started;
    } finally {
      this.#starting.delete(started);
    }
  }

  // If this engine lacks the image but another engine of the lab has it, copies it.
  async #withImage(image: string, start: () => Promise<ContainerInfo>): Promise<ContainerInfo> {
    try {
      return await start();
    } catch (error) {
      const { runtimes, progress } = this.lab;
      const missing = error instanceof LabError && error.code === "IMAGE_MISSING";
      if (!missing || runtimes.length === 1) throw error;
      const known = this.#imageTransfers.get(image);
      const transfer = known ?? copyMissingImages(this, runtimes, [image], progress);
      this.#imageTransfers.set(image, transfer);
      await transfer.finally(() => this.#imageTransfers.delete(image));
      if ((await this.engine.images.find(image)) === undefined) throw error;
      return await start();
    }
  }

  async #start(
    spec: ContainerSpec,
    { device, beforeStart = async () => undefined }: NonNullable<Parameters<EngineRuntime["run"]>[1]>,
  ): Promise<ContainerInfo> {
    const { lab } = this;
    if (spec.network !== lab.network) {
      const { containers } = this.engine;
      const schedule = async (id: string, start: () => Promise<void>): Promise<void> => {
        await beforeStart(id);
        await start();
      };
      return this.#started(
        await (device === undefined
          ? containers.run(spec, schedule)
          : containers.runWithDevice(spec, device, schedule)),
      );
    }
    const address = spec.address ?? lab.pool.take(spec.name);
    try {
      const onNetwork = { ...spec, address, dns: [lab.outsideAddress] };
      const info = await this.engine.containers.run(onNetwork, async (id, start) => {
        await beforeStart(id);
        await this.#endpointQueue.attach(id, start);
      });
      await this.#routeThroughOutside(info, address, info.labels[label.role]);
      return await this.#started(info);
    } catch (error) {
      lab.pool.release(address);
      throw error;
    }
  }

  /** Disconnects a container of the lab from the lab's network, through the endpoint queue, and removes it. */
  async remove(id: string): Promise<void> {
    await this.#endpointQueue.detach(id);
    await this.engine.containers.remove(id);
  }

  /**
   * Returns the functions that enter and inspect the network namespace of a process.
   *
   * @param pid - process id as the toolbox sees it.
   * @param toolbox - default: the engine's toolbox. For containers on a Docker host it is the Docker host.
   */
  access(name: string, pid: number, toolbox: Toolbox = this.toolbox): NamespaceAccess {
    return {
      enter: async () => {
        this.lab.check();
        this.#entered.add([toolbox, pid]);
        return toolbox.enter(pid, name);
      },
      inspect: async (place, { shell }) => {
        const snapshot = await inspectNamespace(shell, place);
        return this.lab.runtimes.length === 1 ? snapshot : { ...snapshot, machine: this.name };
      },
    };
  }

  /** Lists what the engine has of the lab, as `container NAME`. */
  async leaks(): Promise<readonly string[]> {
    const ofLab = { [label.opening]: this.lab.opening };
    const { containers, networks, volumes } = this.engine;
    return [
      ...(await containers.list(ofLab)).map(({ name }) => `container ${name}`),
      ...(await networks.list(ofLab)).map(({ name }) => `network ${name}`),
      ...(await volumes.list(ofLab)).map(({ name }) => `volume ${name}`),
    ];
  }

  /** Waits until no container is starting: an engine can miscount endpoints that are removed while they are created. */
  async startsSettled(): Promise<void> {
    await Promise.allSettled([...this.#starting]);
  }

  /** Closes the shells in the lab's namespaces. An open shell keeps its namespace alive. */
  closeShells(): void {
    for (const [toolbox, pid] of this.#entered) toolbox.leave(pid);
  }

  /**
   * Removes the lab's containers on this engine.
   *
   * @param withNetwork - also removes the lab's network, as soon as no container is connected to it.
   */
  async removeContainers(withNetwork: boolean): Promise<void> {
    await this.#endpointQueue.close();
    const ofLab = { [label.opening]: this.lab.opening };
    const { containers, networks } = this.engine;
    // Repeat until the list is empty: a container may still be starting while the lab closes.
    for (let left = await containers.list(ofLab); left.length > 0; left = await containers.list(ofLab)) {
      // A container that holds the limits of another one comes last: a control group can't be removed while it contains
      // another group.
      const limited = left.filter(({ labels }) => labels[label.role] !== limitsRole);
      const ids = new Set((limited.length > 0 ? limited : left).map(({ id }) => id));
      const removals = new Map<string, Promise<void>>();
      const remove = (id: string): void => {
        if (ids.has(id) && !removals.has(id)) removals.set(id, containers.remove(id));
      };
      // Apps share the endpoint of their pause container, so they can be removed in parallel with everything else.
      for (const { id, labels } of left) if (labels[label.role] === "app") remove(id);
      const apps = [...removals.values()];
      await networks.empty(this.#network, remove);
      for (const id of ids) remove(id);
      await Promise.all([...removals.values()].filter((each) => !apps.includes(each)));
      await Promise.all(withNetwork ? [this.#removeNetworks(), ...apps] : apps);
    }
  }

  /**
   * Removes the lab's volumes. Call it after the containers on all engines are removed.
   *
   * @param withNetwork - also removes the lab's network. Only a manager can remove the network of a swarm.
   */
  async removeRest(withNetwork: boolean): Promise<void> {
    const ofLab = { [label.opening]: this.lab.opening };
    const { volumes } = this.engine;
    if (withNetwork) await this.#removeNetworks();
    await Promise.all((await volumes.list(ofLab)).map(({ name }) => volumes.remove(name)));
  }

  async #removeNetworks(): Promise<void> {
    const { networks } = this.engine;
    const ofLab = await networks.list({ [label.opening]: this.lab.opening });
    await Promise.all(ofLab.map(({ id }) => networks.remove(id)));
  }

  async #started(info: ContainerInfo): Promise<ContainerInfo> {
    if (!this.lab.closed) return info;
    await this.remove(info.id);
    this.lab.check();
    return info;
  }

  async #routeThroughOutside(info: ContainerInfo, address: string, role: string | undefined): Promise<void> {
    const { outsideAddress } = this.lab;
    // The outside itself gets no default route. On an internal overlay network it has none to delete.
    const noDefault = this.lab.runtimes.length > 1 ? "show default" : "del default";
    const route = address === outsideAddress ? noDefault : `replace default via ${outsideAddress}`;
    const script = routeThroughOutsideScript
      .replaceAll("PID", String(info.pid))
      .replaceAll("ROUTE", route)
      .replaceAll("SERVER", outsideAddress)
      // The dockerd of a Docker host may be adding its rules to this table at the same time.
      .replaceAll("KEEP", String(role === "docker-host"));
    const answer = await this.toolbox.shell.run(script);
    if (answer.exitCode === 0) return;
    await this.remove(info.id);
    throw new LabError("CONTAINER_EXITED", {
      where: info.name,
      found: `its network could not be set up (${answer.stderr.trim()})`,
      advice:
        "The image's program may have exited at once. Start the image with docker run to see its output.",
    });
  }
}

// On user-defined networks Docker runs a DNS server on 127.0.0.11 in each container, which forwards queries to the
// machine's name servers, and adds nat rules for it. An ordinary machine has no such rules, and no query may leave the
// lab. So this script deletes the rules and makes the outside the name server.
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
# Deletes the table if it has no rules, so that the namespace has no nat hooks.
[ KEEP = true ] || nsenter -t PID -n nft list table ip nat 2>/dev/null | grep -v 'type nat hook' |
  grep -q "$(printf '^\\t\\t')" || nsenter -t PID -n nft delete table ip nat 2>/dev/null
echo 'nameserver SERVER' > /proc/PID/root/etc/resolv.conf
nsenter -t PID -n ip route ROUTE`;

/** See {@link EngineRuntime.access}. */
export interface NamespaceAccess {
  readonly enter: () => Promise<NetnsHandle>;
  readonly inspect: (name: string, handle: NetnsHandle) => Promise<Snapshot>;
}
