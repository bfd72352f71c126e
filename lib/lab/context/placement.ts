import { LabError } from "../../engine";

/**
 * Says on which engine of a lab the next node or Docker host goes: the one that is asked for, or else the one that has
 * the fewest of that kind. So they go round, and two nodes are never together while an engine has none.
 */
export class Placement {
  readonly #names: readonly string[];
  readonly #counts = new Map<string, number[]>();

  /** @param names - the engines' names, in the order in which the lab was given them. */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /**
   * Index of the engine for the next of a kind.
   *
   * @param wanted - an engine's name or index. Default: the one with the fewest.
   * @throws LabError `UNKNOWN_ENGINE`, with the names there are.
   */
  choose(kind: string, where: string, wanted?: string | number): number {
    const counts = this.#counts.get(kind) ?? this.#names.map(() => 0);
    this.#counts.set(kind, counts);
    const index = wanted === undefined ? counts.indexOf(Math.min(...counts)) : this.#find(wanted, where);
    counts[index] = (counts[index] ?? 0) + 1;
    return index;
  }

  #find(wanted: string | number, where: string): number {
    const index = typeof wanted === "number" ? wanted : this.#names.indexOf(wanted);
    if (this.#names[index] !== undefined) return index;
    throw new LabError("UNKNOWN_ENGINE", {
      where,
      found: `the lab has no engine ${wanted === -1 ? "that is this one" : JSON.stringify(wanted)}`,
      advice: `It has: ${this.#names.join(", ")}. Engines are named when the lab is opened: Lab.open(name, { engines }).`,
    });
  }
}
