// Up to iproute2 6.8, a route's encapsulation is printed into the route itself, and its `dst` stands beside the route's
// own: JSON.parse would keep the tunnel's. Newer ones print an object (lwt_print_encap in iproute_lwtunnel.c).
const FLAT_ENCAP =
  /"encap":"(ip|ip6|mpls)"((?:,"id":\d+)?(?:,"src":"[^"]*")?(?:,"dst":(?:"[^"]*"|\[[^\]]*\]))?(?:,"(?:ttl|hoplimit)":\d+)?(?:,"(?:tos|tc)":\d+)?)/g;

/** JSON that a program printed; nothing is assumed about its shape. */
export function parseJson(text: string): unknown {
  return JSON.parse(
    text.includes('"encap":"') ? text.replace(FLAT_ENCAP, '"encap":{"encap_type":"$1"$2}') : text,
  );
}

/** An object's fields, each read with a check of what it is. */
export class Fields {
  readonly #value: object;

  constructor(value: object) {
    this.#value = value;
  }

  text(name: string): string | undefined {
    const value: unknown = Reflect.get(this.#value, name);
    return typeof value === "string" ? value : undefined;
  }

  number(name: string): number | undefined {
    const value: unknown = Reflect.get(this.#value, name);
    return typeof value === "number" ? value : undefined;
  }

  /** Whether it says `true`. */
  flag(name: string): boolean {
    return Reflect.get(this.#value, name) === true;
  }

  has(name: string): boolean {
    return Reflect.has(this.#value, name);
  }

  /** Names of all fields. */
  names(): readonly string[] {
    return Object.keys(this.#value);
  }

  /** The field for a reader: `tos AF11`, `nop`, `encap {"ip":…}`. */
  shown(name: string): string {
    const value: unknown = Reflect.get(this.#value, name);
    if (value === null || value === true) return name;
    return `${name} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`;
  }

  texts(name: string): readonly string[] {
    const value: unknown = Reflect.get(this.#value, name);
    return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
  }

  object(name: string): Fields | undefined {
    const value: unknown = Reflect.get(this.#value, name);
    return typeof value === "object" && value !== null ? new Fields(value) : undefined;
  }

  list(name: string): readonly Fields[] {
    return listOf(Reflect.get(this.#value, name));
  }
}

/** The objects of a list; empty for what is no list. */
export function listOf(value: unknown): readonly Fields[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((each: unknown) =>
    typeof each === "object" && each !== null ? [new Fields(each)] : [],
  );
}
