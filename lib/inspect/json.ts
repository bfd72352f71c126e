/** JSON that a program printed; nothing is assumed about its shape. */
export function parseJson(text: string): unknown {
  return JSON.parse(text);
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
