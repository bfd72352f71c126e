/** A class whose objects are live: every call of their methods is recorded. */
export interface LiveClass {
  readonly prototype: object;
}

/** A live class, and its name in recordings. */
interface RecordedClass extends LiveClass {
  readonly name: string;
}

/** The classes of live objects. */
export class RecordedClasses {
  readonly #classes: readonly RecordedClass[];

  /** @param classes - the classes by their names in recordings. */
  constructor(classes: Readonly<Record<string, LiveClass>>) {
    this.#classes = Object.entries(classes).map(([name, { prototype }]) => ({ name, prototype }));
  }

  /** Returns the class of a live object; undefined for other objects. */
  of(value: object): RecordedClass | undefined {
    const prototype: unknown = Object.getPrototypeOf(value);
    return this.#classes.find((each) => each.prototype === prototype);
  }

  /** Returns the class with this name. */
  named(name: string): RecordedClass | undefined {
    return this.#classes.find((each) => each.name === name);
  }
}

/** Internal properties of a lab's objects, which are not recorded. */
export const unrecordedMembers: ReadonlySet<string> = new Set(["context", "engine", "engines", "inner"]);

/** Getters that create something. They are only recorded when a cell reads them. */
export const lazyGetters: ReadonlySet<string> = new Set(["cluster"]);

/** Returns true for a plain object with methods, such as a failure with its undo. */
export function hasMethods(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(value).some((each) => typeof each === "function");
}

/** Returns the descriptor of an own or inherited property, without calling its getter. */
export function member(object: object, name: string | symbol): PropertyDescriptor | undefined {
  for (
    let at: object | null = object;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    const found = Object.getOwnPropertyDescriptor(at, name);
    if (found) return found;
  }
  return undefined;
}
