import { inNotebook, LabError } from "../../engine";
import { Command, CommandResult } from "../place/command";
import type { Answer, Entry, Journal, Opening, RecordedObject } from "./journal";
import { isMethodOf, membrane, unwrapped } from "./membrane";
import { keyOfBytes, list, Packer } from "./pack";
import { member, type RecordedClasses, unrecordedMembers } from "./recorded-classes";
import { memberName, openingArgs } from "./recorder";

/** The recorded results of one call with the same arguments, in order. */
interface Answers {
  readonly all: readonly Entry[];
  next: number;
}

/**
 * Replays the labs of a journal: calls of their objects return the recorded results. If a call is made more often than it
 * was recorded, it returns the last result again. A call that was not recorded throws `NOT_RECORDED`.
 */
export class Replay {
  readonly journal: Journal;
  readonly #openings = new Map<number, { readonly all: readonly Opening[]; next: number }>();
  readonly #standIns = new Map<number, object>();
  readonly #ids = new WeakMap<object, number>();
  readonly #places: ReadonlyMap<string, number>;
  readonly #packer = new Packer({
    idOf: (object) => this.#ids.get(object),
    objectOf: (id) => this.#standIns.get(id) ?? {},
  });
  readonly #classes: RecordedClasses;
  readonly #onUse: () => void;

  /**
   * @param classes - the classes of live objects.
   * @param onUse - called before each call of an object.
   */
  constructor(journal: Journal, classes: RecordedClasses, onUse: () => void = () => undefined) {
    this.journal = journal;
    this.#classes = classes;
    this.#onUse = onUse;
    this.#places = new Map(journal.values.map((bytes, place) => [keyOfBytes(bytes), place]));
    for (const opening of journal.openings) {
      const same = this.#openings.get(opening.asked);
      this.#openings.set(opening.asked, { all: [...(same?.all ?? []), opening], next: 0 });
    }
  }

  /**
   * Opens the lab that was opened with these arguments. If it is opened more often than it was recorded, the last opening
   * is replayed again from its start.
   *
   * @throws LabError `NOT_RECORDED`, or the recorded error.
   */
  open(args: readonly unknown[]): unknown {
    this.#onUse();
    const asked = this.#places.get(keyOfBytes(this.#packer.pack(openingArgs(args))));
    const openings = asked === undefined ? undefined : this.#openings.get(asked);
    const opening = openings?.all[Math.min(openings.next, openings.all.length - 1)];
    if (!openings || !opening) throw notRecorded(`Lab.open(${argumentsText(args)})`);
    openings.next += 1;
    this.#begin(opening);
    return this.#value(opening.answer);
  }

  #begin({ objects, entries }: Opening): void {
    const answers = new Map<string, Answers>();
    for (const entry of entries) {
      const key = keyOf(entry.object, entry.member, entry.asked);
      answers.set(key, { all: [...(answers.get(key)?.all ?? []), entry], next: 0 });
    }
    for (const thing of objects) this.#addStandIn(thing, answers);
  }

  #addStandIn(thing: RecordedObject, answers: ReadonlyMap<string, Answers>): void {
    const kind = this.#classes.named(thing.kind);
    const target: object = kind ? Object.create(kind.prototype) : {};
    const isMethod = (name: string | symbol): boolean =>
      (typeof name === "string" && thing.methods?.includes(name) === true) || isMethodOf(target, name);
    const next = (name: string, asked?: number): Entry | undefined => {
      const known = answers.get(keyOf(thing.id, name, asked));
      const entry = known?.all[Math.min(known.next, known.all.length - 1)];
      if (known) known.next += 1;
      return entry;
    };
    const label = this.#labelOf(thing);
    const standIn = membrane(
      target,
      {
        call: (name, args) => {
          this.#onUse();
          const member = memberName(name);
          const asked = this.#places.get(keyOfBytes(this.#packer.pack(args)));
          const entry = asked === undefined ? undefined : next(member, asked);
          if (!entry) throw notRecorded(`${label}.${member}(${argumentsText(args)})`);
          return this.#answer(entry, args);
        },
        read: (name) => {
          const entry = next(name);
          if (entry) return this.#value(entry.answer);
          const fact = thing.facts[name];
          if (fact !== undefined) return this.#unpack(fact);
          if (unrecordedMembers.has(name) || member(target, name)) throw notRecorded(`${label}.${name}`);
          return undefined;
        },
      },
      isMethod,
    );
    this.#standIns.set(thing.id, standIn);
    this.#ids.set(standIn, thing.id);
  }

  #labelOf({ kind, facts }: RecordedObject): string {
    const name = facts["name"] === undefined ? undefined : this.#unpack(facts["name"]);
    return typeof name === "string" ? name : kind;
  }

  #answer({ answer, callbacks = [] }: Entry, args: readonly unknown[]): unknown {
    const functions = functionsIn(args);
    const given = callbacks.map(({ index, asked }) => ({
      call: functions[index],
      args: this.#unpack(asked),
    }));
    if (answer.way === "command") return this.#command(answer);
    if (answer.way === "now") {
      for (const each of given) each.call?.(...list(each.args));
      return this.#value(answer);
    }
    return (async () => {
      for (const each of given) await each.call?.(...list(each.args));
      return this.#value(answer);
    })();
  }

  // Prints the recorded stdout, then the recorded stderr.
  #command(answer: Answer): Command {
    const run = async (_: unknown, shown: boolean): Promise<CommandResult> => {
      const value = this.#value(answer);
      if (!(value instanceof CommandResult)) throw notRecorded(answer.script ?? "a command");
      if (shown) {
        process.stdout.write(value.stdout);
        process.stderr.write(value.stderr);
      }
      return new CommandResult(value, shown && inNotebook(), value.shell);
    };
    const given = answer.nothrow === true ? { nothrow: true } : {};
    return new Command(answer.where ?? "", answer.script ?? "", run, given);
  }

  #value({ value, error }: Answer): unknown {
    if (error !== undefined) throw this.#unpack(error);
    return value === undefined ? undefined : this.#unpack(value);
  }

  #unpack(place: number): unknown {
    const bytes = this.journal.values[place];
    return bytes === undefined ? undefined : this.#packer.unpack(bytes);
  }
}

/** Returns the error for a call that was not recorded. */
function notRecorded(what: string): LabError {
  return new LabError("NOT_RECORDED", {
    where: "replay",
    found: `${what} was not called when this was recorded, so there is no result`,
    advice:
      "To call it, run the notebook with a container engine (npm start installs one on Debian and Ubuntu) and without WIREBOOK_REPLAY.",
  });
}

function keyOf(object: number, member: string, asked: number | undefined): string {
  return `${object} ${member} ${asked ?? ""}`;
}

function functionsIn(args: readonly unknown[]): readonly ((...args: unknown[]) => unknown)[] {
  const found: ((...args: unknown[]) => unknown)[] = [];
  unwrapped(args, (call) => {
    found.push(call);
    return call;
  });
  return found;
}

function argumentsText(args: readonly unknown[]): string {
  const text = args
    .map((each) => (typeof each === "string" ? JSON.stringify(each) : describe(each)))
    .join(", ");
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

function describe(value: unknown): string {
  if (Array.isArray(value))
    return value
      .map((each) => String(each))
      .join("…")
      .trim();
  if (typeof value !== "object" || value === null) return String(value);
  return `{ ${Object.keys(value).join(", ")} }`;
}
