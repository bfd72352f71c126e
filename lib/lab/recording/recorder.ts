import { LabError } from "../../engine";
import { Command, CommandResult } from "../place/command";
import type { Answer, Entry, Journal, Opening, RecordedObject } from "./journal";
import { isMethodOf, membrane, targetOf, unwrapped } from "./membrane";
import { keyOfBytes, list, Packer, Unpackable } from "./pack";
import { hasMethods, lazyGetters, member, type RecordedClasses, unrecordedMembers } from "./recorded-classes";

interface Growing<Part> {
  part: Part | undefined;
}

interface GrowingOpening {
  readonly asked: number;
  answer: Answer | undefined;
  readonly entries: Growing<Entry>[];
  readonly objects: RecordedObject[];
}

interface KnownObject {
  readonly id: number;
  readonly standIn: object;
}

/**
 * Records the calls of live objects and their results, with a membrane around each object. Results are packed and
 * unpacked again before they are returned, so that a cell gets exactly what a replay will return.
 */
export class Recorder {
  /** The engine that is used: `docker 20.10.24`. */
  engine = "";
  readonly #since = new Date().toISOString();
  readonly #openings: GrowingOpening[] = [];
  readonly #known = new Map<object, KnownObject>();
  readonly #standIns: object[] = [];
  readonly #values: Uint8Array[] = [];
  readonly #places = new Map<string, number>();
  readonly #classes: RecordedClasses;
  readonly #changed: (member: string) => void;
  /** Packs arguments. Unlike the packer of results, it doesn't register new live objects. */
  readonly #argumentPacker = new Packer({
    idOf: (object) => this.#known.get(targetOf(object) ?? object)?.id,
    objectOf: (id) => this.#standIns[id] ?? {},
  });

  /**
   * @param classes - the classes of live objects.
   * @param changed - called after each new entry with the name of the method. Its exceptions propagate to the recorded
   *   call.
   */
  constructor(classes: RecordedClasses, changed: (member: string) => void = () => undefined) {
    this.#classes = classes;
    this.#changed = changed;
  }

  /** All entries so far, without calls that have not ended yet. */
  get journal(): Journal {
    const openings = this.#openings.flatMap(({ asked, answer, entries, objects }): Opening[] =>
      answer === undefined
        ? []
        : [{ asked, answer, objects, entries: entries.flatMap(({ part }) => (part ? [part] : [])) }],
    );
    return { recorded: this.#since, engine: this.engine, values: this.#values, openings };
  }

  /** Records a call of `Lab.open` with the arguments `args`. */
  async open<Root extends object>(args: readonly unknown[], open: () => Promise<Root>): Promise<Root> {
    const asked = this.#keep(this.#argumentPacker.pack(openingArgs(args)));
    const opening: GrowingOpening = { asked, answer: undefined, entries: [], objects: [] };
    const packer = this.#packer(opening);
    this.#openings.push(opening);
    try {
      const root = await open();
      opening.answer = { way: "later", value: this.#keep(packer.pack(root)) };
      const standIn = this.#register(root, opening).standIn;
      return isLike(standIn, root) ? standIn : root;
    } catch (error) {
      opening.answer = { way: "later", error: this.#keep(packer.pack(error)) };
      throw error;
    } finally {
      this.#changed("open");
    }
  }

  #packer(opening: GrowingOpening): Packer {
    return new Packer({
      idOf: (object) => {
        const target = targetOf(object) ?? object;
        const live = this.#known.has(target) || this.#classes.of(target) || hasMethods(target);
        return live ? this.#register(target, opening).id : undefined;
      },
      objectOf: (id) => this.#standIns[id] ?? {},
    });
  }

  /** Registers a live object when it is first returned: records its properties and creates its membrane. */
  #register(target: object, opening: GrowingOpening): KnownObject {
    const before = this.#known.get(target);
    if (before) return before;
    const id = this.#standIns.length;
    const handler = {
      call: (name: string | symbol, args: readonly unknown[]): unknown =>
        this.#call(opening, id, target, name, args),
      read: (name: string): unknown => this.#read(opening, id, target, name),
    };
    const standIn = membrane(target, handler, (name) => isMethodOf(target, name));
    const known = { id, standIn };
    this.#standIns.push(standIn);
    this.#known.set(target, known);
    const kind = this.#classes.of(target)?.name;
    const methods = Object.keys(target).filter((name) => isMethodOf(target, name));
    const facts: Record<string, number> = {};
    const thing: RecordedObject = {
      id,
      kind: kind ?? "Object",
      facts,
      ...(kind === undefined ? { methods } : {}),
    };
    opening.objects.push(thing);
    for (const name of factNames(target)) {
      const packed = this.#try(() => this.#packer(opening).pack(Reflect.get(target, name, target)));
      if (packed) facts[name] = this.#keep(packed);
    }
    return known;
  }

  #read(opening: GrowingOpening, object: number, target: object, name: string): unknown {
    if (!member(target, name)) return undefined;
    const slot = this.#slot(opening);
    const packer = this.#packer(opening);
    try {
      const value: unknown = Reflect.get(target, name, target);
      if (unrecordedMembers.has(name)) return value;
      const packed = this.#try(() => packer.pack(value));
      if (!packed) return value;
      slot.part = { object, member: name, answer: { way: "now", value: this.#keep(packed) } };
      return packer.unpack(packed);
    } catch (error) {
      slot.part = { object, member: name, answer: { way: "now", error: this.#keep(packer.pack(error)) } };
      throw error;
    }
  }

  #call(
    opening: GrowingOpening,
    object: number,
    target: object,
    name: string | symbol,
    args: readonly unknown[],
  ): unknown {
    const packer = this.#packer(opening);
    const slot = this.#slot(opening);
    const asked = this.#try(() => this.#argumentPacker.pack(args));
    const callbacks: { index: number; asked: number }[] = [];
    const inside = unwrapped(args, (call, index) => (...given: unknown[]): unknown => {
      const packed = this.#try(() => packer.pack(given)) ?? packer.pack([]);
      callbacks.push({ index, asked: this.#keep(packed) });
      return unwrappedResult(call(...list(packer.unpack(packed))));
    });
    const record = (answer: Answer): void => {
      if (!asked) return;
      const entry = { object, member: memberName(name), asked: this.#keep(asked), answer };
      slot.part = { ...entry, ...(callbacks.length > 0 ? { callbacks } : {}) };
      this.#changed(entry.member);
    };
    const succeed = (way: Answer["way"], value: unknown): unknown => {
      const packed = this.#try(() => packer.pack(value));
      if (!packed) return value;
      record({ way, value: this.#keep(packed) });
      return packer.unpack(packed);
    };
    const fail = (way: Answer["way"], error: unknown): never => {
      record({ way, error: this.#keep(packer.pack(error)) });
      throw error;
    };
    const method: unknown = Reflect.get(target, name, target);
    if (typeof method !== "function") throw new TypeError(`${String(name)} is not a method`);
    let result: unknown;
    try {
      result = Reflect.apply(method, target, list(inside));
    } catch (error) {
      return fail("now", error);
    }
    if (result instanceof Command) {
      this.#recordCommand(result, record, packer);
      return result;
    }
    if (result instanceof Promise) {
      return result.then(
        (value: unknown) => succeed("later", value),
        (error: unknown) => fail("later", error),
      );
    }
    return succeed("now", result);
  }

  // The error of a failed command has its result as the cause.
  #recordCommand(command: Command, record: (answer: Answer) => void, packer: Packer): void {
    const { where, script, settings } = command;
    const facts = {
      way: "command" as const,
      where,
      script,
      ...(settings.nothrow === true ? { nothrow: true } : {}),
    };
    command.then(
      (result) => record({ ...facts, value: this.#keep(packer.pack(result)) }),
      (error: unknown) => {
        const cause = error instanceof LabError ? error.cause : undefined;
        if (cause instanceof CommandResult) record({ ...facts, value: this.#keep(packer.pack(cause)) });
        else record({ ...facts, error: this.#keep(packer.pack(error)) });
      },
    );
  }

  #slot(opening: GrowingOpening): Growing<Entry> {
    const slot: Growing<Entry> = { part: undefined };
    opening.entries.push(slot);
    return slot;
  }

  /** Returns undefined for a value that can't be packed. A cell gets it; a replay throws `NOT_RECORDED`. */
  #try(pack: () => Uint8Array): Uint8Array | undefined {
    try {
      return pack();
    } catch (error) {
      if (error instanceof Unpackable || error instanceof LabError) return undefined;
      throw error;
    }
  }

  #keep(packed: Uint8Array): number {
    const key = keyOfBytes(packed);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#places.set(key, this.#values.length);
    return this.#values.push(packed) - 1;
  }
}

/** Returns the names of the fields and getters that are recorded when an object is registered. */
function factNames(target: object): readonly string[] {
  const names = new Set(Object.keys(target));
  for (
    let at: object | null = Object.getPrototypeOf(target);
    at && at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    for (const name of Object.getOwnPropertyNames(at)) if (member(at, name)?.get) names.add(name);
  }
  return [...names].filter(
    (name) => !unrecordedMembers.has(name) && !lazyGetters.has(name) && !isMethodOf(target, name),
  );
}

/** Returns the arguments of `Lab.open` without the engines, because a replay has none. */
export function openingArgs(args: readonly unknown[]): readonly unknown[] {
  return args.map((each) =>
    typeof each === "object" && each !== null
      ? Object.fromEntries(Object.entries(each).filter(([name]) => name !== "engine" && name !== "engines"))
      : each,
  );
}

/** Returns the name of a member in a journal. */
export function memberName(name: string | symbol): string {
  return typeof name === "symbol" ? `@${name.description}` : name;
}

function isLike<Root extends object>(standIn: object, root: Root): standIn is Root {
  return Object.getPrototypeOf(standIn) === Object.getPrototypeOf(root);
}

function unwrappedResult(value: unknown): unknown {
  if (value instanceof Promise) return value.then((each: unknown) => unwrapped(each, (call) => call));
  return unwrapped(value, (call) => call);
}
