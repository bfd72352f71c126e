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

/** The capabilities that ip, iptables, ping and tcpdump need inside a lab's containers. */
export const networkCapabilities = [
  "NET_ADMIN",
  "NET_RAW",
  "NET_BIND_SERVICE",
  "SETUID",
  "SETGID",
  "KILL",
] as const;

/**
 * What all parts of a lab share: its network, its address pool, its places and one runtime for each engine. The kinds of
 * places that use it (pods, Docker hosts, nodes) don't depend on each other.
 */
export class LabContext {
  readonly name: string;
  /** One for each engine of the lab. Places without an explicit engine are on the first. */
  readonly runtimes: readonly [EngineRuntime, ...EngineRuntime[]];
  /** Unique for each opening of a lab; the value of the label `wirebook.lab.id`. */
  readonly opening: string;
  /** Name of the lab's network. */
  readonly network: string;
  readonly subnet: Cidr;
  readonly pool: AddressPool;
  /** Shows a progress line for operations that take longer than a second. */
  readonly progress = new Progress();
  /** The outside's address on the network: default gateway and name server of every container on it. */
  readonly outsideAddress: string;
  readonly #places = new Map<string, Place>();
  /** Names in the order of the requests. Places start in parallel, and the order in a picture must not depend on timing. */
  readonly #requestedNames = new Set<string>();
  /** Names of the places that are being started. */
  readonly #startingNames = new Set<string>();
  readonly #placeSources: (() => Promise<readonly Place[]>)[] = [];
  readonly #closeActions: (() => Promise<void>)[] = [];
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
      advice: "Open a second lab, or open this one with a larger { subnet }.",
    });
    this.pool.claim(addressAt(subnet, 1), "gateway");
    this.outsideAddress = this.pool.claim(addressAt(subnet, 2), "outside");
    for (const address of reserved) this.pool.claim(address, "load balancer of an engine");
  }

  /**
   * Creates the lab's network and its context.
   *
   * @param wanted - CIDR of the network. Default: a /24 that is free on the machines of all engines.
   * @throws LabError `SUBNET_TAKEN`, `CIDR_EXHAUSTED`, `BAD_ADDRESS`.
   */
  static async create(engines: LabEngines, name: string, wanted?: string): Promise<LabContext> {
    const opening = randomBytes(4).toString("hex");
    const labels = { [label.wirebook]: "lab", [label.lab]: name, [label.opening]: opening };
    const network = await createLabNetwork(engines, { name, labels }, wanted);
    return new LabContext(engines, name, opening, network);
  }

  /**
   * Chooses the runtime for the next place of a kind.
   *
   * @param where - name of the new place, for errors.
   * @param wanted - an engine of the lab, or its name. Default: the engine with the fewest places of this kind.
   * @throws LabError `UNKNOWN_ENGINE`, which lists the existing names.
   */
  runtimeFor(kind: PlaceKind, where: string, wanted?: Engine | string): EngineRuntime {
    const known =
      typeof wanted === "object" ? this.runtimes.findIndex(({ engine }) => engine === wanted) : wanted;
    return this.runtimes[this.#placement.choose(kind, where, known)] ?? this.home;
  }

  /** The first runtime. It runs the outside and every place without an explicit engine. */
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

  /** The registered places of the lab, by name. */
  get places(): ReadonlyMap<string, Place> {
    return this.#places;
  }

  /**
   * Starts a place, shows its progress, and adds it to the lab. The name is reserved while the place starts, and becomes
   * free again if the start fails.
   *
   * @param what - the kind of place for the progress line: `pod`, `Docker host`.
   * @throws LabError `BAD_NAME`, `NAME_TAKEN`, `LAB_CLOSED`, `ENGINE_GONE`.
   */
  async addPlace<P extends Place>(what: string, name: string, start: () => Promise<P>): Promise<P> {
    this.check();
    checkName(name, "place");
    const taken = this.#startingNames.has(name)
      ? "is starting another place with this name"
      : this.#places.has(name) && `already has a ${this.#places.get(name)?.kind} with this name`;
    if (taken) {
      throw new LabError("NAME_TAKEN", {
        where: `${this.name}/${name}`,
        found: `the lab ${taken}`,
        advice: "Choose another name. lab.places lists the existing ones.",
      });
    }
    this.#requestedNames.add(name);
    this.#startingNames.add(name);
    try {
      return this.register(await this.progress.run(`${what} ${name}`, start));
    } finally {
      this.#startingNames.delete(name);
    }
  }

  /** @throws LabError `LAB_CLOSED`, `ENGINE_GONE`. */
  check(): void {
    if (this.closed) {
      throw new LabError("LAB_CLOSED", {
        where: this.name,
        found: "this lab is closed: another cell opened it again, or lab.close() was called",
        advice: "Use the lab that was opened last, or open it again with Lab.open.",
      });
    }
    for (const runtime of this.runtimes) if (!runtime.session.alive) throw this.#engineGone(runtime);
  }

  // If one of several engines is gone, the places on the others still run, but the lab can't be used as a whole.
  #engineGone(runtime: EngineRuntime): LabError {
    if (this.runtimes.length === 1) return runtime.session.gone(this.name);
    const on = [...this.#places.values()].filter(
      (place) => place instanceof ContainerPlace && place.engine === runtime.engine,
    );
    const names = on.map(({ name }) => name).join(", ");
    const others = this.runtimes.flatMap(({ name }) => (name === runtime.name ? [] : [name])).join(", ");
    return new LabError("ENGINE_GONE", {
      where: this.name,
      found: `the container engine ${runtime.name} stopped or can't be reached${names === "" ? "" : `, so ${names} can't be used`}; the places on ${others} still run, but the lab is incomplete`,
      advice:
        "Start that engine again, or remove it from { engines }. Then run the notebook from the cell that opens the lab: that also removes the rest of this lab from the other engines.",
    });
  }

  /** Adds a place to the lab, so that it is part of the topology. */
  register<P extends Place>(place: P): P {
    this.#places.set(place.name, place);
    return place;
  }

  /** Adds a function that finds places that are started and removed by others, such as the containers of a Docker host. */
  addPlaceSource(source: () => Promise<readonly Place[]>): void {
    this.#placeSources.push(source);
  }

  /** Returns all current places: the registered ones and those that the sources find. */
  async allPlaces(): Promise<readonly Place[]> {
    this.check();
    const found = await Promise.all(this.#placeSources.map((source) => source()));
    const all = new Map([...found.flat(), ...this.#places.values()].map((place) => [place.name, place]));
    const requested = [...this.#requestedNames];
    const rank = ({ name }: Place): number =>
      this.#requestedNames.has(name) ? requested.indexOf(name) : requested.length;
    return [...all.values()].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  }

  /** Removes a place from the list of places. The caller has removed its container. */
  forget(place: Place): void {
    if (this.#places.get(place.name) === place) this.#places.delete(place.name);
  }

  /** Registers an action for `close`. Actions run in reverse order, before the lab's containers are removed. */
  onClose(action: () => Promise<void>): void {
    this.#closeActions.push(action);
  }

  /** Lists what the engines have of this lab, as `container NAME`. */
  async leaks(): Promise<readonly string[]> {
    const found = await Promise.all(this.runtimes.map((runtime) => runtime.leaks()));
    return found.flat();
  }

  /** Runs the registered actions, ends the shells, and removes all containers, networks and volumes of the lab. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all(this.runtimes.map((runtime) => runtime.startsSettled()));
    for (const action of this.#closeActions.reverse()) await action().catch(() => undefined);
    for (const runtime of this.runtimes) runtime.closeShells();
    // Remove the containers on every engine first: an overlay network can't be removed while it has endpoints, and only
    // the hub removes it.
    const all = await this.onEachRuntime((runtime) => runtime.removeContainers(this.runtimes.length === 1));
    // If an engine is gone, the swarm still counts its tasks and refuses to remove the network. The reaper retries.
    if (!all) this.#hub.unfinished = true;
    await this.onEachRuntime((runtime) => runtime.removeRest(all && runtime.session === this.#hub));
    this.#places.clear();
  }

  /**
   * Runs an action on each engine. With several engines, ignores those that are gone: their reapers clean up.
   *
   * @returns false if an engine was ignored.
   */
  async onEachRuntime(action: (runtime: EngineRuntime) => Promise<void>): Promise<boolean> {
    const results = await Promise.allSettled(this.runtimes.map(action));
    const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    const other = failures.find((reason) => !(reason instanceof LabError && reason.code === "ENGINE_GONE"));
    if (other !== undefined || (failures.length > 0 && this.runtimes.length === 1))
      throw other ?? failures[0];
    return failures.length === 0;
  }
}
