import { type Connection, zoneOf } from "./connection";
import { LayeredMap } from "./layers";
import { type Direction, type FlowTuple, tupleKey } from "./tuple";

/** The connection tracking table of one network namespace. Immutable: each change returns a new table. */
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

  /** The id for the next new entry. */
  get nextId(): number {
    return this.#nextId;
  }

  get(id: number): Connection | undefined {
    return this.#byId.get(String(id));
  }

  /**
   * Finds the entry that has this tuple in one of its directions.
   *
   * @param now - in seconds; entries that have expired are ignored.
   */
  find(
    tuple: FlowTuple,
    zone: number,
    now: number,
  ): { connection: Connection; direction: Direction } | undefined {
    // Saves building the key.
    if (this.#byTuple.isEmpty) return undefined;
    const found = this.#byTuple.get(tupleKey(tuple, zone));
    if (found === undefined) return undefined;
    const direction: Direction = found.startsWith("r") ? "reply" : "original";
    const connection = this.#byId.get(found.slice(1));
    if (connection === undefined || connection.expires <= now) return undefined;
    return { connection, direction };
  }

  /** Adds an entry, or replaces the one with the same id. */
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
      // A connection from an address and port to itself has the same tuple in both directions. Lookup finds the original.
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
