import { randomBytes } from "node:crypto";
import { type Engine, LabError, label, type NetworkInfo } from "../engine";
import { addressAt, type Cidr, parseCidr } from "./cidr/cidr";
import { AddressPool } from "./cidr/pool";
import { checkName } from "./name";
import type { Place } from "./place";
import { Progress } from "./progress";
import { Seat } from "./seat";
import type { Session } from "./session";
import { chooseSubnet } from "./subnet";

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
 * What every lab stands on: one network, one pool of addresses, names, the list of places, and a seat on each engine. The
 * places that build on it (pods, Docker hosts, nodes) know nothing of each other.
 */
export class Ground {
  readonly name: string;
  /** One on each engine of the lab. What is not placed elsewhere is on the first. */
  readonly seats: readonly [Seat, ...Seat[]];
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
  readonly #sources: (() => Promise<readonly Place[]>)[] = [];
  readonly #undo: (() => Promise<void>)[] = [];
  #closing: Promise<void> | undefined;

  private constructor(session: Session, name: string, opening: string, network: NetworkInfo, subnet: Cidr) {
    this.seats = [new Seat(this, session, session.engine.name, network.id)];
    this.name = name;
    this.network = network.name;
    this.subnet = subnet;
    this.opening = opening;
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

  /** The first seat: the outside is there, and all that is not placed elsewhere. */
  get home(): Seat {
    return this.seats[0];
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
    if (this.closed) {
      throw new LabError("LAB_CLOSED", {
        where: this.name,
        found: "this lab is closed: another cell opened it anew, or lab.close() was called",
        advice: "Use the lab that was opened last, or open it again with Lab.open.",
      });
    }
    for (const { session } of this.seats) session.check(this.name);
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

  /** What the engine still has of this lab, as `container NAME`; empty once the lab is closed. */
  async leaks(): Promise<readonly string[]> {
    const found = await Promise.all(this.seats.map((seat) => seat.leaks()));
    return found.flat();
  }

  /** Undoes, leaves and removes everything. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all(this.seats.map((seat) => seat.landed()));
    for (const undo of this.#undo.reverse()) await undo().catch(() => undefined);
    for (const seat of this.seats) seat.leave();
    await Promise.all(this.seats.map((seat) => seat.clear()));
    this.#places.clear();
  }
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
