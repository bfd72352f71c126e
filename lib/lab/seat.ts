import { type ContainerInfo, type ContainerSpec, type Engine, LabError, type Labels, label } from "../engine";
import { inspectNamespace } from "../inspect/collect";
import type { Snapshot } from "../inspect/snapshot";
import { Doorway } from "./doorway";
import type { Ground } from "./ground";
import type { Entrance } from "./place";
import type { Session } from "./session";
import type { Workbench } from "./workbench";

/** Bytes of memory that a container of a lab may use, where nothing else is said. */
const memoryBytes = 512 * 1024 * 1024;

/**
 * A lab's seat on one engine: where its containers there are started and their namespaces entered. A lab on one machine
 * has one; a lab over several has one on each, and every place of it belongs to exactly one.
 */
export class Seat {
  readonly ground: Ground;
  readonly session: Session;
  /** The engine's name; with a number behind it where two engines of the lab have the same. */
  readonly name: string;
  readonly #entered = new Set<readonly [Workbench, number]>();
  /** Containers that are being started right now. */
  readonly #flights = new Set<Promise<ContainerInfo>>();
  readonly #doorway: Doorway;

  /** @param network - id of the lab's network. */
  constructor(ground: Ground, session: Session, name: string, network: string) {
    this.ground = ground;
    this.session = session;
    this.name = name;
    this.#doorway = new Doorway(session.engine, network);
  }

  get engine(): Engine {
    return this.session.engine;
  }

  /** Enters namespaces of this engine's containers. */
  get workbench(): Workbench {
    return this.session.workbench;
  }

  labels(place: string, role: string): Labels {
    return {
      ...this.session.labels,
      [label.wirebook]: "lab",
      [label.lab]: this.ground.name,
      [label.opening]: this.ground.opening,
      [label.place]: place,
      [label.role]: role,
    };
  }

  /** What all containers of labs have in common: name, labels, limits. */
  spec(place: string, role: string, image: string): ContainerSpec {
    return {
      name: `wirebook-${this.session.owner}-${this.ground.name}-${place}`,
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
    this.ground.check();
    const flight = this.#start(spec, device);
    this.#flights.add(flight);
    try {
      return await flight;
    } finally {
      this.#flights.delete(flight);
    }
  }

  async #start(spec: ContainerSpec, device?: string): Promise<ContainerInfo> {
    const { ground } = this;
    if (spec.network !== ground.network) {
      const { containers } = this.engine;
      return this.#started(
        await (device === undefined ? containers.run(spec) : containers.runWithDevice(spec, device)),
      );
    }
    const address = spec.address ?? ground.pool.take(spec.name);
    try {
      const onNetwork = { ...spec, address, dns: [ground.outsideAddress] };
      const info = await this.engine.containers.run(onNetwork, (id, start) => this.#doorway.pass(id, start));
      await this.#turnOutside(info, address, info.labels[label.role]);
      return await this.#started(info);
    } catch (error) {
      ground.pool.release(address);
      throw error;
    }
  }

  /**
   * How the namespace of `pid` is entered and looked at.
   *
   * @param bench - default: the engine's own; for containers on a Docker host, the host.
   */
  access(name: string, pid: number, bench: Workbench = this.workbench): NamespaceAccess {
    return {
      enter: async () => {
        this.ground.check();
        this.#entered.add([bench, pid]);
        return bench.enter(pid, name);
      },
      inspect: (place, { shell }) => inspectNamespace(shell, place),
    };
  }

  /** What the engine still has of the lab, as `container NAME`. */
  async leaks(): Promise<readonly string[]> {
    const mine = { [label.opening]: this.ground.opening };
    const { containers, networks, volumes } = this.engine;
    return [
      ...(await containers.list(mine)).map(({ name }) => `container ${name}`),
      ...(await networks.list(mine)).map(({ name }) => `network ${name}`),
      ...(await volumes.list(mine)).map(({ name }) => `volume ${name}`),
    ];
  }

  /** Resolves when nothing is being started any more: an engine may lose count of what is removed before it has. */
  async landed(): Promise<void> {
    await Promise.allSettled([...this.#flights]);
  }

  /** Ends the shells in its namespaces: one that is open would keep its namespace alive. */
  leave(): void {
    for (const [bench, pid] of this.#entered) bench.leave(pid);
  }

  /** Removes all that the lab has here. */
  async clear(): Promise<void> {
    await this.#doorway.close();
    const mine = { [label.opening]: this.ground.opening };
    const { containers, volumes } = this.engine;
    // Until nothing is left: a container may be under way while the lab is closed.
    for (let left = await containers.list(mine); left.length > 0; left = await containers.list(mine)) {
      const apps = left.filter(({ labels }) => labels[label.role] === "app");
      await Promise.all(left.filter((each) => !apps.includes(each)).map(({ id }) => containers.remove(id)));
      // Apps have no endpoint of their own: the network can go while they do.
      await Promise.all([this.#clearNetworks(), ...apps.map(({ id }) => containers.remove(id))]);
    }
    await this.#clearNetworks();
    await Promise.all((await volumes.list(mine)).map(({ name }) => volumes.remove(name)));
  }

  async #clearNetworks(): Promise<void> {
    const { networks } = this.engine;
    const mine = await networks.list({ [label.opening]: this.ground.opening });
    await Promise.all(mine.map(({ id }) => networks.remove(id)));
  }

  async #started(info: ContainerInfo): Promise<ContainerInfo> {
    if (!this.ground.closed) return info;
    await this.engine.containers.remove(info.id);
    this.ground.check();
    return info;
  }

  async #turnOutside(info: ContainerInfo, address: string, role: string | undefined): Promise<void> {
    const { outsideAddress } = this.ground;
    const route = address === outsideAddress ? "del default" : `replace default via ${outsideAddress}`;
    const script = turnOutside
      .replaceAll("PID", String(info.pid))
      .replaceAll("ROUTE", route)
      .replaceAll("SERVER", outsideAddress)
      // The engine of a Docker host is adding rules of its own right now.
      .replaceAll("KEEP", String(role === "docker-host"));
    const answer = await this.workbench.shell.run(script);
    if (answer.exitCode === 0) return;
    await this.engine.containers.remove(info.id);
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
const turnOutside = `cat > /dev/shm/wirebook-dns <<'RULES'
*nat
-D OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT
-D POSTROUTING -d 127.0.0.11/32 -j DOCKER_POSTROUTING
-F DOCKER_OUTPUT
-F DOCKER_POSTROUTING
-X DOCKER_OUTPUT
-X DOCKER_POSTROUTING
COMMIT
RULES
for variant in nft legacy; do
  nsenter -t PID -n iptables-$variant-restore --noflush < /dev/shm/wirebook-dns && break
done 2>/dev/null
# Without a rule in it the table does nothing, and the kernel tells nothing of it in a trace.
[ KEEP = true ] || nsenter -t PID -n nft list table ip nat 2>/dev/null | grep -v 'type nat hook' |
  grep -q "$(printf '^\\t\\t')" || nsenter -t PID -n nft delete table ip nat 2>/dev/null
echo 'nameserver SERVER' > /proc/PID/root/etc/resolv.conf
nsenter -t PID -n ip route ROUTE`;

/** See {@link Seat.access}. */
export interface NamespaceAccess {
  readonly enter: () => Promise<Entrance>;
  readonly inspect: (name: string, entrance: Entrance) => Promise<Snapshot>;
}
