import { type Connection, zoneOf } from "./connection";
import { LayeredMap } from "./layers";
import { type Direction, type FlowTuple, tupleKey } from "./tuple";

/** The connections that one network namespace tracks. Immutable: each change gives a new table. */
export class ConntrackTable {
  static readonly empty = new ConntrackTable(new LayeredMap(), new LayeredMap(), 1);

  readonly #byId: LayeredMap<Connection>;
  readonly #byTuple: LayeredMap<string>;
  readonly #nextId: number;

  private constructor(byId: LayeredMap<Connection>, byTuple: LayeredMap<string>, nextId: number) {
    this.#byId = byId;
    this.#byTuple = byTuple;
    this.#nextId = nextId;
  }

  /** Number for the next new entry. */
  get nextId(): number {
    return this.#nextId;
  }

  get(id: number): Connection | undefined {
    return this.#byId.get(String(id));
  }

  /** The live entry that has this tuple in one of its directions. */
  find(
    tuple: FlowTuple,
    zone: number,
    now: number,
  ): { connection: Connection; direction: Direction } | undefined {
    const found = this.#byTuple.get(tupleKey(tuple, zone));
    if (found === undefined) return undefined;
    const direction: Direction = found.startsWith("r") ? "reply" : "original";
    const connection = this.#byId.get(found.slice(1));
    if (connection === undefined || connection.expires <= now) return undefined;
    return { connection, direction };
  }

  /** Adds the entry, or puts a newer value in the place of the one with the same id. */
  with(connection: Connection): ConntrackTable {
    const id = String(connection.id);
    const before = this.#byId.get(id);
    let tuples = this.#byTuple;
    for (const [direction, letter] of [
      ["original", "o"],
      ["reply", "r"],
    ] as const) {
      const key = tupleKey(connection[direction], zoneOf(connection.zone, direction));
      if (before !== undefined) {
        const old = tupleKey(before[direction], zoneOf(before.zone, direction));
        if (old !== key) tuples = tuples.without(old);
        else if (tuples.get(key) === letter + id) continue;
      }
      // A loopback connection to itself has one key for both directions: the original one is found first.
      if (direction === "reply" && tuples.get(key) === `o${id}`) continue;
      tuples = tuples.with(key, letter + id);
    }
    return new ConntrackTable(
      this.#byId.with(id, connection),
      tuples,
      Math.max(this.#nextId, connection.id + 1),
    );
  }

  without(connection: Connection): ConntrackTable {
    const id = String(connection.id);
    let tuples = this.#byTuple;
    for (const direction of ["original", "reply"] as const) {
      const key = tupleKey(connection[direction], zoneOf(connection.zone, direction));
      if (tuples.get(key)?.slice(1) === id) tuples = tuples.without(key);
    }
    return new ConntrackTable(this.#byId.without(id), tuples, this.#nextId);
  }

  connections(): Connection[] {
    return this.#byId.values();
  }
}
