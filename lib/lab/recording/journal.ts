/** The content of a recording: every opening of a lab, and the calls of its objects with their results. */
export interface Journal {
  /** When the recording was made, in ISO 8601. */
  readonly recorded: string;
  /** The engine that was used: `docker 20.10.24`. */
  readonly engine: string;
  /** All distinct values, packed. Entries refer to them by index. */
  readonly values: readonly Uint8Array[];
  readonly openings: readonly Opening[];
}

/** One call of `Lab.open`, and all calls of the objects that came from it. */
export interface Opening {
  /** Arguments of `Lab.open`: their index in `values`. */
  readonly asked: number;
  /** The result: the lab or the error. */
  readonly answer: Answer;
  readonly entries: readonly Entry[];
  /** The live objects that were first returned in this opening. */
  readonly objects: readonly RecordedObject[];
}

/** A live object, whose calls are recorded because each may return a different result. */
export interface RecordedObject {
  readonly id: number;
  /** Name of its class; `Object` for a plain object with methods. */
  readonly kind: string;
  /** Values of its fields and getters when it was first returned: indexes in `values` by property name. */
  readonly facts: Readonly<Record<string, number>>;
  /** Names of the methods of a plain object. */
  readonly methods?: readonly string[];
}

/** One call of a method or read of a property. Entries are in the order of their start. */
export interface Entry {
  readonly object: number;
  /** Name of the method or property. */
  readonly member: string;
  /** Arguments of the call: their index in `values`. Absent for a property. */
  readonly asked?: number;
  readonly answer: Answer;
  /** Calls of functions that were passed as arguments: the number of the function, and its arguments. */
  readonly callbacks?: readonly { readonly index: number; readonly asked: number }[];
}

/** The result of a call: a value or an error. `later` if it was a promise, `command` if it was a shell command. */
export interface Answer {
  readonly way: "now" | "later" | "command";
  readonly value?: number;
  readonly error?: number;
  /** The place and the script of a command. */
  readonly where?: string;
  readonly script?: string;
  /** True if a command does not throw for a non-zero exit code. */
  readonly nothrow?: boolean;
}

/** Returns true if a decoded value has the main properties of a journal. */
export function isJournal(value: unknown): value is Journal {
  if (typeof value !== "object" || value === null) return false;
  const { recorded, engine, values, openings } = value as Partial<Record<keyof Journal, unknown>>;
  return (
    typeof recorded === "string" &&
    typeof engine === "string" &&
    Array.isArray(values) &&
    values.every((each) => each instanceof Uint8Array) &&
    Array.isArray(openings)
  );
}
