/** What is in a recording: every opening of a lab, and what its objects were asked and told. */
export interface Journal {
  /** When the recording was made, in ISO 8601. */
  readonly recorded: string;
  /** The engine that answered: `docker 20.10.24`. */
  readonly engine: string;
  /** Every different value once, packed: entries name them by their place here. */
  readonly values: readonly Uint8Array[];
  readonly openings: readonly Opening[];
}

/** One `Lab.open`, and all that came of it. */
export interface Opening {
  /** Packed arguments of `Lab.open`, by their place in `values`. */
  readonly asked: number;
  /** How it went: the lab, or the error. */
  readonly answer: Answer;
  readonly entries: readonly Entry[];
  /** Objects that came up in this opening. */
  readonly objects: readonly RecordedObject[];
}

/** A live object: one that is asked again and again, and answers what is true at the moment. */
export interface RecordedObject {
  readonly id: number;
  /** Name of its class, as in the table of live classes; `Object` for a plain one with methods. */
  readonly kind: string;
  /** What its fields and getters said when it first came up: packed values by property. */
  readonly facts: Readonly<Record<string, number>>;
  /** Names of its own methods, where it is a plain object. */
  readonly methods?: readonly string[];
}

/** One call or one read of a property, in the order in which they began. */
export interface Entry {
  readonly object: number;
  /** Name of the method or property. */
  readonly member: string;
  /** Packed arguments, by their place in `values`; absent for a property. */
  readonly asked?: number;
  readonly answer: Answer;
  /** Functions among the arguments that were called meanwhile: which one, and with what. */
  readonly callbacks?: readonly { readonly index: number; readonly asked: number }[];
}

/** How a call went: a packed value or error; `later` when it was a promise, `command` when it was a shell command. */
export interface Answer {
  readonly way: "now" | "later" | "command";
  readonly value?: number;
  readonly error?: number;
  /** Of a command: where it ran, and its script. */
  readonly where?: string;
  readonly script?: string;
  /** It was made to take any exit code. */
  readonly nothrow?: boolean;
}

/** Whether a decoded value is a journal: enough of a look that reading it further makes sense. */
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
