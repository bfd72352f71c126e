/** What a class of objects of a lab is, for a recording: what it is asked is written down each time. */
export interface RecordedClass {
  readonly name: string;
  readonly prototype: object;
}

/** The classes whose objects are recorded call by call. */
export class RecordedClasses {
  readonly #classes: readonly RecordedClass[];

  constructor(classes: readonly RecordedClass[]) {
    this.#classes = classes;
  }

  /** The class of an object; undefined for an object that is not recorded call by call. */
  of(value: object): RecordedClass | undefined {
    const prototype: unknown = Object.getPrototypeOf(value);
    return this.#classes.find((each) => each.prototype === prototype);
  }

  /** The class of this name, as a journal has it. */
  named(name: string): RecordedClass | undefined {
    return this.#classes.find((each) => each.name === name);
  }
}

/** What a lab stands on. A recording has none of it. */
export const unrecordedMembers: ReadonlySet<string> = new Set(["context", "engine", "engines", "inner"]);

/** Getters that make something when they are read: they are not read unasked. */
export const lazyGetters: ReadonlySet<string> = new Set(["cluster"]);

/** True for a plain object with methods of its own: a failure and its undo. */
export function hasMethods(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(value).some((each) => typeof each === "function");
}

/** The property of an object or of what it inherits from, without reading it. */
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
