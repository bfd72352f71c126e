import { decode, ExtData, ExtensionCodec, encode } from "@msgpack/msgpack";
import { LabError, label } from "../../engine";
import { type ValueClass, valueClasses, valueClassOf } from "./values";

/** MessagePack extension types of what plain MessagePack lacks. */
const type = {
  undefined: 1,
  live: 2,
  map: 3,
  set: 4,
  date: 5,
  error: 6,
  bigint: 7,
  value: 8,
  function: 9,
} as const;

/** Who knows the live objects: what is packed instead of one, and what it is when it is unpacked. */
export interface LiveObjects {
  /** The number that stands for a live object; undefined for what is no live object. */
  idOf(object: object): number | undefined;
  objectOf(id: number): object;
}

/** What cannot be recorded: a value of a class that nobody has told how to take apart. */
export class Unpackable extends Error {}

/** Values to bytes and back. Equal values give equal bytes, as keys of objects are sorted. */
export class Packer {
  readonly #live: LiveObjects;
  readonly #codec = new ExtensionCodec();

  constructor(live: LiveObjects) {
    this.#live = live;
    const register = (each: number, unpack: (parts: unknown) => unknown): void =>
      this.#codec.register({
        type: each,
        encode: () => null,
        decode: (data) => unpack(this.unpack(data)),
      });
    register(type.undefined, () => undefined);
    register(type.live, (id) => this.#live.objectOf(Number(id)));
    register(type.map, (entries) => new Map(pairs(entries)));
    register(type.set, (all) => new Set(list(all)));
    register(type.date, (at) => new Date(Number(at)));
    register(type.error, unpackError);
    register(type.bigint, (text) => BigInt(String(text)));
    register(type.value, unpackValue);
    register(type.function, () => () => undefined);
  }

  /** @throws Unpackable */
  pack(value: unknown): Uint8Array {
    return this.#encode(this.#plain(value));
  }

  unpack(bytes: Uint8Array): unknown {
    return decode(bytes, { extensionCodec: this.#codec });
  }

  #encode(plain: unknown): Uint8Array {
    return encode(plain, { extensionCodec: this.#codec, maxDepth: 500, sortKeys: true });
  }

  #extension(each: number, parts: unknown): ExtData {
    return new ExtData(each, this.#encode(parts));
  }

  #plain(value: unknown): unknown {
    switch (typeof value) {
      case "string":
      case "number":
      case "boolean":
        return value;
      case "undefined":
        return this.#extension(type.undefined, 0);
      case "bigint":
        return this.#extension(type.bigint, value.toString());
      case "function":
        return this.#extension(type.function, 0);
      case "symbol":
        throw new Unpackable(`a symbol, ${String(value)}`);
      case "object":
        return value === null ? null : this.#object(value);
    }
  }

  #object(value: object): unknown {
    const id = this.#live.idOf(value);
    if (id !== undefined) return this.#extension(type.live, id);
    if (value instanceof Uint8Array) return new Uint8Array(value);
    // A template's raw strings are what a shell script is made of.
    if (Array.isArray(value)) return (isTemplate(value) ? value.raw : value).map((each) => this.#plain(each));
    if (value instanceof Map) return this.#extension(type.map, this.#plain([...value]));
    if (value instanceof Set) return this.#extension(type.set, this.#plain([...value]));
    if (value instanceof Date) return this.#extension(type.date, value.getTime());
    if (value instanceof Error) return this.#extension(type.error, this.#plain(errorParts(value)));
    // An interrupt cannot be foreseen, and is no part of the question.
    if (value instanceof AbortSignal) return null;
    const known = valueClassOf(value);
    if (known) return this.#extension(type.value, [known.name, this.#plain(known.take(value))]);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) throw new Unpackable(className(value));
    // Whose machine it was is no part of a lab.
    const entries = Object.entries(value).filter(([key, each]) => each !== undefined && key !== label.by);
    return Object.fromEntries(entries.map(([key, each]) => [key, this.#plain(each)]));
  }
}

function isTemplate(value: readonly unknown[]): value is TemplateStringsArray {
  return "raw" in value && Array.isArray(value.raw);
}

function className(value: object): string {
  return `a ${value.constructor?.name ?? "value"}`;
}

function errorParts(error: Error): Readonly<Record<string, unknown>> {
  if (!(error instanceof LabError)) return { name: error.name, message: error.message };
  const { code, where, found, advice, cause } = error;
  const known = typeof cause === "object" && cause !== null ? valueClassOf(cause) : undefined;
  // Of other causes the text is enough; a stack would name files of this machine.
  const said = known ? cause : cause instanceof Error ? cause.message : undefined;
  return { code, where, found, advice, ...(said === undefined ? {} : { cause: said }) };
}

function unpackError(parts: unknown): Error {
  const part = (name: string): unknown => Reflect.get(Object(parts), name);
  const text = (name: string): string => String(part(name) ?? "");
  if (part("code") === undefined) {
    const error = new Error(text("message"));
    error.name = text("name");
    return error;
  }
  const cause = part("cause");
  return new LabError(LabError.code(text("code")), {
    where: text("where"),
    found: text("found"),
    advice: text("advice"),
    ...(cause === undefined ? {} : { cause: typeof cause === "string" ? new Error(cause) : cause }),
  });
}

function unpackValue(parts: unknown): unknown {
  const [name, taken] = list(parts);
  const known: ValueClass | undefined = valueClasses.find((each) => each.name === name);
  if (known) return known.make(Object(taken));
  throw new LabError("RECORDING_UNREADABLE", {
    where: "recording",
    found: `it holds a ${String(name)}, which this version of Wirebook does not know`,
    advice: "Record the notebook again with this version.",
  });
}

/** The entries of a list; none for what is no list. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function pairs(value: unknown): readonly (readonly [unknown, unknown])[] {
  return list(value).map((each) => {
    const [key, held] = list(each);
    return [key, held] as const;
  });
}

/** Packed bytes as a key: equal for equal values. */
export function keyOfBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
