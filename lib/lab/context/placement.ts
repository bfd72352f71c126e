import { LabError } from "../../engine";

/**
 * Chooses the engine for the next node or Docker host: the requested one, or the engine with the fewest places of that
 * kind. Places of a kind are therefore spread evenly over the engines.
 */
export class Placement {
  readonly #names: readonly string[];
  readonly #counts = new Map<string, number[]>();

  /** @param names - the engines' names, in the order in which the lab was given them. */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /**
   * Returns the index of the engine for the next place of a kind.
   *
   * @param where - name of the new place, for errors.
   * @param wanted - name or index of an engine. Default: the engine with the fewest places of this kind.
   * @throws LabError `UNKNOWN_ENGINE`, which lists the existing names.
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
      found:
        wanted === -1
          ? "the lab does not use this engine"
          : `the lab has no engine ${JSON.stringify(wanted)}`,
      advice: `It has: ${this.#names.join(", ")}. To add an engine, open the lab with Lab.open(name, { engines }).`,
    });
  }
}
