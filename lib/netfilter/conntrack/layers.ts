/** After this many layers, a new base map is built, which bounds the time of a lookup. */
const DEPTH_LIMIT = 24;

/**
 * An immutable map. Each change adds a layer on top of the previous map, so that several branches of a traversal can
 * continue from the same state without copying it.
 */
export class LayeredMap<V> {
  readonly #base: ReadonlyMap<string, V>;
  readonly #layers: readonly (readonly [string, V | undefined])[];

  constructor(
    base: ReadonlyMap<string, V> = new Map(),
    layers: readonly (readonly [string, V | undefined])[] = [],
  ) {
    this.#base = base;
    this.#layers = layers;
  }

  get isEmpty(): boolean {
    return this.#layers.length === 0 && this.#base.size === 0;
  }

  get(key: string): V | undefined {
    for (let at = this.#layers.length - 1; at >= 0; at--) {
      const layer = this.#layers[at];
      if (layer !== undefined && layer[0] === key) return layer[1];
    }
    return this.#base.get(key);
  }

  /** Returns a map with a new value; `undefined` removes the key. */
  with(key: string, value: V | undefined): LayeredMap<V> {
    const layers = [...this.#layers, [key, value] as const];
    return layers.length > DEPTH_LIMIT
      ? new LayeredMap(flatten(this.#base, layers))
      : new LayeredMap(this.#base, layers);
  }

  without(key: string): LayeredMap<V> {
    return this.get(key) === undefined ? this : this.with(key, undefined);
  }

  values(): V[] {
    return [...this.entries().values()];
  }

  entries(): ReadonlyMap<string, V> {
    return this.#layers.length === 0 ? this.#base : flatten(this.#base, this.#layers);
  }
}

function flatten<V>(
  base: ReadonlyMap<string, V>,
  layers: readonly (readonly [string, V | undefined])[],
): Map<string, V> {
  const flat = new Map(base);
  for (const [key, value] of layers) {
    if (value === undefined) flat.delete(key);
    else flat.set(key, value);
  }
  return flat;
}
