import { decode, ExtData, ExtensionCodec, encode } from "@msgpack/msgpack";
import { LabError, label } from "../../engine";
import { withoutUndefined } from "../../without-undefined";
import { type ValueClass, valueClasses, valueClassOf } from "./values";

/** MessagePack extension types for values that MessagePack doesn't support. */
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

/** Maps live objects to ids when they are packed, and back when they are unpacked. */
export interface LiveObjects {
  /** Returns the id of a live object; undefined for other objects. */
  idOf(object: object): number | undefined;
  objectOf(id: number): object;
}

/** Thrown for a value that can't be recorded: a symbol, or an object of an unknown class. */
export class Unpackable extends Error {}

/** Converts values to bytes and back. Equal values give equal bytes, because the keys of objects are sorted. */
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
    // Shell scripts are built from the raw strings of a template.
    if (Array.isArray(value)) return (isTemplate(value) ? value.raw : value).map((each) => this.#plain(each));
    if (value instanceof Map) return this.#extension(type.map, this.#plain([...value]));
    if (value instanceof Set) return this.#extension(type.set, this.#plain([...value]));
    if (value instanceof Date) return this.#extension(type.date, value.getTime());
    if (value instanceof Error) return this.#extension(type.error, this.#plain(errorParts(value)));
    // An interrupt is not part of the arguments that identify a call.
    if (value instanceof AbortSignal) return null;
    const known = valueClassOf(value);
    if (known) return this.#extension(type.value, [known.name, this.#plain(known.take(value))]);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) throw new Unpackable(className(value));
    // The label `by` contains the machine's host name, which must not be recorded.
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
  // For other causes records only the message: a stack contains paths of this machine.
  const recordedCause = known ? cause : cause instanceof Error ? cause.message : undefined;
  return { code, where, found, advice, ...withoutUndefined({ cause: recordedCause }) };
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
    found: `it contains a ${String(name)}, which this version of Wirebook doesn't support`,
    advice: "Record the notebook again with this version.",
  });
}

/** Returns the value if it is an array, or else an empty array. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function pairs(value: unknown): readonly (readonly [unknown, unknown])[] {
  return list(value).map((each) => {
    const [key, held] = list(each);
    return [key, held] as const;
  });
}

/** Returns packed bytes as a string that can be used as a key. */
export function keyOfBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
