// Up to iproute2 6.8, the fields of a route's encapsulation are part of the route object, with a second `dst`, and
// JSON.parse would return that of the tunnel. Newer ones print an object (lwt_print_encap in iproute_lwtunnel.c).
const FLAT_ENCAP =
  /"encap":"(ip|ip6|mpls)"((?:,"id":\d+)?(?:,"src":"[^"]*")?(?:,"dst":(?:"[^"]*"|\[[^\]]*\]))?(?:,"(?:ttl|hoplimit)":\d+)?(?:,"(?:tos|tc)":\d+)?)/g;

/** Parses the JSON output of a program, without assumptions about its structure. */
export function parseJson(text: string): unknown {
  return JSON.parse(
    text.includes('"encap":"') ? text.replace(FLAT_ENCAP, '"encap":{"encap_type":"$1"$2}') : text,
  );
}

/** The fields of an object. Each getter checks the type. */
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

  /** Whether the field is `true`. */
  flag(name: string): boolean {
    return Reflect.get(this.#value, name) === true;
  }

  has(name: string): boolean {
    return Reflect.has(this.#value, name);
  }

  /** The names of all fields. */
  names(): readonly string[] {
    return Object.keys(this.#value);
  }

  /** Formats the field for messages: `tos AF11`, `nop`, `encap {"ip":…}`. */
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

/** Returns the objects of a list; empty if the value is not a list. */
export function listOf(value: unknown): readonly Fields[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((each: unknown) =>
    typeof each === "object" && each !== null ? [new Fields(each)] : [],
  );
}
