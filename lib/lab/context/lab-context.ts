import { randomBytes } from "node:crypto";
import { type Engine, LabError, label } from "../../engine";
import { addressAt, type Cidr } from "../cidr/cidr";
import { AddressPool } from "../cidr/pool";
import { ContainerPlace, type Place, type PlaceKind } from "../place/place";
import { EngineRuntime } from "../runtime/engine-runtime";
import type { LabEngine, LabEngines } from "../runtime/engines";
import { Progress } from "../runtime/progress";
import type { Session } from "../runtime/session";
import { checkName } from "./name";
import { createLabNetwork, type LabNetwork } from "./network";
import { Placement } from "./placement";

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
 * What every lab stands on: one network, one pool of addresses, names, the list of places, and a runtime on each engine. The
 * places that build on it (pods, Docker hosts, nodes) know nothing of each other.
 */
export class LabContext {
  readonly name: string;
  /** One on each engine of the lab. What is not placed elsewhere is on the first. */
  readonly runtimes: readonly [EngineRuntime, ...EngineRuntime[]];
  /** One id for each opening of a lab. */
  readonly opening: string;
  /** The lab's network. */
  readonly network: string;
  readonly subnet: Cidr;
  readonly pool: AddressPool;
  /** Tells of what takes longer than a second. */
  readonly progress = new Progress();
  /** The outside's address on the network: default route and name server of everything on it. */
  readonly outsideAddress: string;
  readonly #places = new Map<string, Place>();
  /** Names in the order they were asked for: places start side by side, and a picture must not depend on who was first. */
  readonly #asked = new Set<string>();
  /** Names of places that are being made right now. */
  readonly #making = new Set<string>();
  readonly #sources: (() => Promise<readonly Place[]>)[] = [];
  readonly #undo: (() => Promise<void>)[] = [];
  readonly #hub: Session;
  readonly #placement: Placement;
  #closing: Promise<void> | undefined;

  private constructor(engines: LabEngines, name: string, opening: string, network: LabNetwork) {
    const { info, subnet, reserved } = network;
    const runtimeFor = (engine: LabEngine): EngineRuntime => new EngineRuntime(this, engine, info.id);
    const [home, ...others] = engines.all;
    this.runtimes = [runtimeFor(home), ...others.map(runtimeFor)];
    this.#hub = engines.hub.session;
    this.#placement = new Placement(engines.all.map((engine) => engine.name));
    this.name = name;
    this.network = info.name;
    this.subnet = subnet;
    this.opening = opening;
    this.pool = new AddressPool(subnet, {
      where: name,
      code: "CIDR_EXHAUSTED",
      advice: "Open a second lab, or give this one a wider { subnet }.",
    });
    this.pool.claim(addressAt(subnet, 1), "gateway");
    this.outsideAddress = this.pool.claim(addressAt(subnet, 2), "outside");
    for (const address of reserved) this.pool.claim(address, "load balancer of an engine");
  }

  /**
   * Makes the lab's network, on a range that nothing on the machines of its engines uses.
   *
   * @throws LabError `SUBNET_TAKEN`, `CIDR_EXHAUSTED`, `BAD_ADDRESS`.
   */
  static async create(engines: LabEngines, name: string, wanted?: string): Promise<LabContext> {
    const opening = randomBytes(4).toString("hex");
    const labels = { [label.wirebook]: "lab", [label.lab]: name, [label.opening]: opening };
    const network = await createLabNetwork(engines, { name, labels }, wanted);
    return new LabContext(engines, name, opening, network);
  }

  /**
   * The runtime on which the next of a kind starts: on the engine that is asked for, or else on the one with the fewest.
   *
   * @param wanted - an engine of the lab, or its name.
   * @throws LabError `UNKNOWN_ENGINE`, with the names there are.
   */
  runtimeFor(kind: PlaceKind, where: string, wanted?: Engine | string): EngineRuntime {
    const known =
      typeof wanted === "object" ? this.runtimes.findIndex(({ engine }) => engine === wanted) : wanted;
    return this.runtimes[this.#placement.choose(kind, where, known)] ?? this.home;
  }

  /** The first runtime: the outside is there, and all that is not placed elsewhere. */
  get home(): EngineRuntime {
    return this.runtimes[0];
  }

  get session(): Session {
    return this.home.session;
  }

  get engine(): Engine {
    return this.home.engine;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Every place of the lab by its name. */
  get places(): ReadonlyMap<string, Place> {
    return this.#places;
  }

  /**
   * Makes a place, tells of it while it takes long, and adds it to the lab. From the start on nobody else gets its name;
   * when it could not be made, the name is free again.
   *
   * @param what - `pod`, `Docker host`.
   * @throws LabError `BAD_NAME`, `NAME_TAKEN`, `LAB_CLOSED`, `ENGINE_GONE`.
   */
  async addPlace<P extends Place>(what: string, name: string, start: () => Promise<P>): Promise<P> {
    this.check();
    checkName(name, "place");
    const taken = this.#making.has(name)
      ? "is making another place of this name right now"
      : this.#places.has(name) && `already has a ${this.#places.get(name)?.kind} of this name`;
    if (taken) {
      throw new LabError("NAME_TAKEN", {
        where: `${this.name}/${name}`,
        found: `the lab ${taken}`,
        advice: "Choose another name; lab.places lists what there is.",
      });
    }
    this.#asked.add(name);
    this.#making.add(name);
    try {
      return this.register(await this.progress.run(`${what} ${name}`, start));
    } finally {
      this.#making.delete(name);
    }
  }

  /** @throws LabError `LAB_CLOSED`, `ENGINE_GONE`. */
  check(): void {
    if (this.closed) {
      throw new LabError("LAB_CLOSED", {
        where: this.name,
        found: "this lab is closed: another cell opened it anew, or lab.close() was called",
        advice: "Use the lab that was opened last, or open it again with Lab.open.",
      });
    }
    for (const runtime of this.runtimes) if (!runtime.session.alive) throw this.#lost(runtime);
  }

  // One engine takes with it what stands on it; of several, the others' places go on, but the lab is not whole any more.
  #lost(runtime: EngineRuntime): LabError {
    if (this.runtimes.length === 1) return runtime.session.gone(this.name);
    const on = [...this.#places.values()].filter(
      (place) => place instanceof ContainerPlace && place.engine === runtime.engine,
    );
    const names = on.map(({ name }) => name).join(", ");
    const others = this.runtimes.flatMap(({ name }) => (name === runtime.name ? [] : [name])).join(", ");
    return new LabError("ENGINE_GONE", {
      where: this.name,
      found: `the container engine ${runtime.name} went away${names === "" ? "" : `, and with it ${names}`}; what is on ${others} still runs, but the lab is not whole any more`,
      advice:
        "Start that engine again, or leave it out of { engines }, and run the notebook from the cell that opens the lab: what the others have of this one goes then.",
    });
  }

  /** Adds a place; from now on it is part of the topology. */
  register<P extends Place>(place: P): P {
    this.#places.set(place.name, place);
    return place;
  }

  /** Adds a source of places that come and go by themselves: the containers of a Docker host. */
  addPlaceSource(source: () => Promise<readonly Place[]>): void {
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

  /** What the engine still has of this lab, as `container NAME`; empty once the lab is closed. */
  async leaks(): Promise<readonly string[]> {
    const found = await Promise.all(this.runtimes.map((runtime) => runtime.leaks()));
    return found.flat();
  }

  /** Undoes, leaves and removes everything. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all(this.runtimes.map((runtime) => runtime.startsSettled()));
    for (const undo of this.#undo.reverse()) await undo().catch(() => undefined);
    for (const runtime of this.runtimes) runtime.closeShells();
    // Containers first, on every engine: they keep the network, which the hub alone removes.
    const all = await this.onEachRuntime((runtime) => runtime.removeContainers(this.runtimes.length === 1));
    // A swarm keeps a network as long as it believes that a container of an engine that is gone may come back.
    if (!all) this.#hub.unfinished = true;
    await this.onEachRuntime((runtime) => runtime.removeRest(all && runtime.session === this.#hub));
    this.#places.clear();
  }

  /**
   * Does something on each engine. One of several that went away is passed over: its reaper sees to what it has.
   *
   * @returns false when one was passed over.
   */
  async onEachRuntime(action: (runtime: EngineRuntime) => Promise<void>): Promise<boolean> {
    const ends = await Promise.allSettled(this.runtimes.map(action));
    const failures = ends.flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
    const other = failures.find((reason) => !(reason instanceof LabError && reason.code === "ENGINE_GONE"));
    if (other !== undefined || (failures.length > 0 && this.runtimes.length === 1))
      throw other ?? failures[0];
    return failures.length === 0;
  }
}
