import { randomBytes } from "node:crypto";
import {
  type ContainerInfo,
  type ContainerSpec,
  type Engine,
  LabError,
  type Labels,
  label,
  type NetworkInfo,
} from "../engine";
import { inspectNamespace } from "../inspect/collect";
import type { Snapshot } from "../inspect/snapshot";
import { addressAt, type Cidr, parseCidr } from "./cidr/cidr";
import { AddressPool } from "./cidr/pool";
import { Doorway } from "./doorway";
import { checkName } from "./name";
import { ContainerPlace, type Entrance, type Place, type PlaceKind } from "./place";
import { Progress } from "./progress";
import type { Session } from "./session";
import { chooseSubnet } from "./subnet";
import type { Workbench } from "./workbench";

/** Bytes of memory that a container of a lab may use, where nothing else is said. */
const memoryBytes = 512 * 1024 * 1024;

/** What a learner's tools need inside a namespace of ours: ip, iptables, ping, tcpdump. */
export const networkCapabilities = [
  "NET_ADMIN",
  "NET_RAW",
  "NET_BIND_SERVICE",
  "SETUID",
  "SETGID",
  "KILL",
] as const;

/**
 * What every lab stands on: one network, one pool of addresses, labels, names, and the list of places. The places that
 * build on it (pods, Docker hosts, nodes) know nothing of each other.
 */
export class Ground {
  readonly name: string;
  readonly session: Session;
  /** The lab's network on the engine. */
  readonly network: string;
  readonly subnet: Cidr;
  readonly pool: AddressPool;
  /** Tells of what takes longer than a second. */
  readonly progress = new Progress();
  /** The outside's address on the network: default route and name server of everything on it. */
  readonly outsideAddress: string;
  readonly #opening: string;
  readonly #places = new Map<string, Place>();
  /** Names in the order they were asked for: places start side by side, and a picture must not depend on who was first. */
  readonly #asked = new Set<string>();
  readonly #sources: (() => Promise<readonly Place[]>)[] = [];
  readonly #undo: (() => Promise<void>)[] = [];
  readonly #entered = new Set<readonly [Workbench, number]>();
  readonly #doorway: Doorway;
  /** Containers that are being started right now. */
  readonly #flights = new Set<Promise<ContainerInfo>>();
  #closed = false;

  private constructor(session: Session, name: string, opening: string, network: NetworkInfo, subnet: Cidr) {
    this.session = session;
    this.name = name;
    this.network = network.name;
    this.#doorway = new Doorway(session.engine, network.id);
    this.subnet = subnet;
    this.#opening = opening;
    this.pool = new AddressPool(subnet, {
      where: name,
      code: "CIDR_EXHAUSTED",
      advice: "Open a second lab, or give this one a wider { subnet }.",
    });
    this.pool.claim(addressAt(subnet, 1), "gateway");
    this.outsideAddress = this.pool.claim(addressAt(subnet, 2), "outside");
  }

  /** Makes the lab's network, on a range that nothing on the engine's machine uses. */
  static async lay(session: Session, name: string, wanted?: string): Promise<Ground> {
    const opening = randomBytes(4).toString("hex");
    const network = `wirebook-${session.owner}-${name}`;
    const labels = {
      ...session.labels,
      [label.wirebook]: "lab",
      [label.lab]: name,
      [label.opening]: opening,
    };
    const refused: string[] = [];
    for (;;) {
      const subnet =
        wanted === undefined
          ? chooseSubnet([...(await takenRanges(session)), ...refused], name)
          : parseCidr(wanted, name);
      try {
        const made = await session.engine.networks.create({
          name: network,
          subnet: subnet.text,
          gateway: addressAt(subnet, 1),
          labels,
        });
        return new Ground(session, name, opening, made, subnet);
      } catch (error) {
        // Another lab was faster: look again.
        const raced = error instanceof LabError && error.code === "SUBNET_TAKEN" && wanted === undefined;
        if (!raced) throw error;
        refused.push(subnet.text);
      }
    }
  }

  get engine(): Engine {
    return this.session.engine;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Every place of the lab by its name. */
  get places(): ReadonlyMap<string, Place> {
    return this.#places;
  }

  /**
   * Refuses a name that cannot be or is taken.
   *
   * @throws LabError `BAD_NAME`, `NAME_TAKEN`, `LAB_CLOSED`, `ENGINE_GONE`.
   */
  checkNew(name: string): void {
    this.check();
    checkName(name, "place");
    this.#asked.add(name);
    if (!this.#places.has(name)) return;
    throw new LabError("NAME_TAKEN", {
      where: `${this.name}/${name}`,
      found: `the lab already has a ${this.#places.get(name)?.kind} of this name`,
      advice: "Choose another name; lab.places lists what there is.",
    });
  }

  /** @throws LabError `LAB_CLOSED`, `ENGINE_GONE`. */
  check(): void {
    if (this.#closed) {
      throw new LabError("LAB_CLOSED", {
        where: this.name,
        found: "this lab is closed: another cell opened it anew, or lab.close() was called",
        advice: "Use the lab that was opened last, or open it again with Lab.open.",
      });
    }
    this.session.check(this.name);
  }

  /** Adds a place; from now on it is part of the topology. */
  register<P extends Place>(place: P): P {
    this.#places.set(place.name, place);
    return place;
  }

  /** Adds a source of places that come and go by themselves: the containers of a Docker host. */
  addSource(source: () => Promise<readonly Place[]>): void {
    this.#sources.push(source);
  }

  /** Every place there is now: those that were registered, and what the sources find. */
  async allPlaces(): Promise<readonly Place[]> {
    this.check();
    const found = await Promise.all(this.#sources.map((source) => source()));
    const all = new Map([...found.flat(), ...this.#places.values()].map((place) => [place.name, place]));
    const asked = [...this.#asked];
    const rank = ({ name }: Place): number => (this.#asked.has(name) ? asked.indexOf(name) : asked.length);
    return [...all.values()].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  }

  /** Forgets a place that was removed. */
  forget(place: Place): void {
    if (this.#places.get(place.name) === place) this.#places.delete(place.name);
  }

  /** Called when the lab closes, last first, before its containers are removed. */
  onClose(action: () => Promise<void>): void {
    this.#undo.push(action);
  }

  /** The name that a container of this lab has on the engine. */
  containerName(place: string): string {
    return `wirebook-${this.session.owner}-${this.name}-${place}`;
  }

  labels(place: string, role: string): Labels {
    return {
      ...this.session.labels,
      [label.wirebook]: "lab",
      [label.lab]: this.name,
      [label.opening]: this.#opening,
      [label.place]: place,
      [label.role]: role,
    };
  }

  /** What all containers of labs have in common: name, labels, limits. */
  spec(place: string, role: string, image: string): ContainerSpec {
    return {
      name: this.containerName(place),
      image,
      hostname: place,
      labels: this.labels(place, role),
      memoryBytes,
      pids: 512,
    };
  }

  /**
   * Starts a container of this lab. On the lab's network it gets a fixed address, and the outside as default route
   * and name server instead of the machine: no packet of a lab leaves it.
   *
   * @param device - given to the container where the machine has it.
   */
  async run(spec: ContainerSpec, device?: string): Promise<ContainerInfo> {
    this.check();
    const flight = this.#start(spec, device);
    this.#flights.add(flight);
    try {
      return await flight;
    } finally {
      this.#flights.delete(flight);
    }
  }

  async #start(spec: ContainerSpec, device?: string): Promise<ContainerInfo> {
    if (spec.network !== this.network) {
      const { containers } = this.engine;
      return this.#started(
        await (device === undefined ? containers.run(spec) : containers.runWithDevice(spec, device)),
      );
    }
    const address = spec.address ?? this.pool.take(spec.name);
    try {
      const onNetwork = { ...spec, address, dns: [this.outsideAddress] };
      const info = await this.engine.containers.run(onNetwork, (id, start) => this.#doorway.pass(id, start));
      await this.#turnOutside(info, address, info.labels[label.role]);
      return await this.#started(info);
    } catch (error) {
      this.pool.release(address);
      throw error;
    }
  }

  /** A place whose commands run in `container`, and whose namespace is that of the process `pid`. */
  place(
    parts: { name: string; kind: PlaceKind; container: string; pid: number },
    bench: Workbench = this.session.workbench,
    engine: Engine = this.engine,
  ): ContainerPlace {
    return new ContainerPlace({ ...parts, engine, ...this.access(parts.name, parts.pid, bench) });
  }

  /** How the namespace of `pid` is entered and looked at. */
  access(name: string, pid: number, bench: Workbench = this.session.workbench): NamespaceAccess {
    return {
      enter: async () => {
        this.check();
        this.#entered.add([bench, pid]);
        return bench.enter(pid, name);
      },
      inspect: (place, { shell }) => inspectNamespace(shell, place),
    };
  }

  /** What the engine still has of this lab, as `container NAME`; empty once the lab is closed. */
  async leaks(): Promise<readonly string[]> {
    const mine = { [label.opening]: this.#opening };
    const { containers, networks, volumes } = this.engine;
    return [
      ...(await containers.list(mine)).map(({ name }) => `container ${name}`),
      ...(await networks.list(mine)).map(({ name }) => `network ${name}`),
      ...(await volumes.list(mine)).map(({ name }) => `volume ${name}`),
    ];
  }

  /** Undoes, leaves and removes everything. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // What is being started is removed once it has started: an engine may lose count of one that is removed before.
    await Promise.allSettled([...this.#flights]);
    for (const undo of this.#undo.reverse()) await undo().catch(() => undefined);
    for (const [bench, pid] of this.#entered) bench.leave(pid);
    await this.#doorway.close();
    const mine = { [label.opening]: this.#opening };
    const { containers, volumes } = this.engine;
    // Until nothing is left: a container may be under way while the lab is closed.
    for (let left = await containers.list(mine); left.length > 0; left = await containers.list(mine)) {
      const apps = left.filter(({ labels }) => labels[label.role] === "app");
      await Promise.all(left.filter((each) => !apps.includes(each)).map(({ id }) => containers.remove(id)));
      // Apps have no endpoint of their own: the network can go while they do.
      await Promise.all([this.#removeNetworks(), ...apps.map(({ id }) => containers.remove(id))]);
    }
    await this.#removeNetworks();
    await Promise.all((await volumes.list(mine)).map(({ name }) => volumes.remove(name)));
    this.#places.clear();
  }

  async #removeNetworks(): Promise<void> {
    const { networks } = this.engine;
    const mine = await networks.list({ [label.opening]: this.#opening });
    await Promise.all(mine.map(({ id }) => networks.remove(id)));
  }

  async #started(info: ContainerInfo): Promise<ContainerInfo> {
    if (!this.#closed) return info;
    await this.engine.containers.remove(info.id);
    this.check();
    return info;
  }

  async #turnOutside(info: ContainerInfo, address: string, role: string | undefined): Promise<void> {
    const route =
      address === this.outsideAddress ? "del default" : `replace default via ${this.outsideAddress}`;
    const script = turnOutside
      .replaceAll("PID", String(info.pid))
      .replaceAll("ROUTE", route)
      .replaceAll("SERVER", this.outsideAddress)
      // The engine of a Docker host is adding rules of its own right now.
      .replaceAll("KEEP", String(role === "docker-host"));
    const answer = await this.session.workbench.shell.run(script);
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

/** See {@link Ground.access}. */
export interface NamespaceAccess {
  readonly enter: () => Promise<Entrance>;
  readonly inspect: (name: string, entrance: Entrance) => Promise<Snapshot>;
}

async function takenRanges(session: Session): Promise<readonly string[]> {
  const [networks, routes] = await Promise.all([
    session.engine.networks.list(),
    session.hostShell.run(
      "ip -4 -o route show table all | sed 's/^\\(local\\|broadcast\\|unicast\\|blackhole\\) //'",
    ),
  ]);
  const destinations = routes.stdout.split("\n").map((line) => line.split(" ")[0] ?? "");
  return [...networks.flatMap(({ subnets }) => subnets), ...destinations];
}
