import { isDrawn, pictureFrom } from "../../chart/picture";
import { LoadedRules } from "../../netfilter/trace/read/loaded";
import { CommandResult } from "../place/command";
import { Page } from "../place/page";
import { Connections } from "../proxy/connections";
import { Diagnosis } from "../service/diagnosis/diagnosis";
import { LabDiff } from "../topology/diff";
import { Captured } from "../trace/capture";
import { PacketPath } from "../trace/packet-path";

/** A class of immutable values. A replay creates an equal value from its ingredients. */
export interface ValueClass {
  readonly name: string;
  has(value: object): boolean;
  /** Returns the ingredients: the collected data, without anything derived from it. */
  take(value: object): object;
  make(ingredients: object): object;
}

// The cast is safe: the ingredients come from `take` of the same class, and the file's checksum was verified.
function valueClass<Value extends object, Ingredients extends object>(
  name: string,
  has: (value: object) => value is Value,
  take: (value: Value) => Ingredients,
  make: (ingredients: Ingredients) => Value,
): ValueClass {
  return {
    name,
    has,
    take: (value) => {
      if (has(value)) return take(value);
      throw new TypeError(`this is no ${name}`);
    },
    make: (ingredients) => make(ingredients as Ingredients),
  };
}

/** The classes of values that live objects return. */
export const valueClasses: readonly ValueClass[] = [
  valueClass(
    "CommandResult",
    (value) => value instanceof CommandResult,
    ({ stdout, stderr, exitCode, milliseconds, shell, shown }) => ({
      stdout,
      stderr,
      exitCode,
      milliseconds,
      shell,
      shown,
    }),
    ({ shown, shell, ...result }) => new CommandResult(result, shown, shell),
  ),
  valueClass(
    "Page",
    (value) => value instanceof Page,
    ({ status, text, milliseconds }) => ({ status, text, milliseconds }),
    ({ status, text, milliseconds }) => new Page(status, text, milliseconds),
  ),
  valueClass(
    "PacketPath",
    (value) => value instanceof PacketPath,
    ({ looked, seen }) => ({ looked, seen }),
    ({ looked, seen }) => new PacketPath(looked, seen),
  ),
  valueClass(
    "LabDiff",
    (value) => value instanceof LabDiff,
    ({ before, after, result }) => ({ before, after, result }),
    ({ before, after, result }) => new LabDiff(before, after, result),
  ),
  valueClass(
    "Captured",
    (value) => value instanceof Captured,
    ({ rows, files }) => ({ sightings: rows.flatMap(({ sightings }) => sightings), files }),
    ({ sightings, files }) =>
      new Captured(sightings, new Map([...files].map(([place, file]) => [place, Buffer.from(file)]))),
  ),
  valueClass(
    "Connections",
    (value) => value instanceof Connections,
    ({ seen, result }) => ({ seen, result }),
    ({ seen, result }) => new Connections(seen, result),
  ),
  valueClass(
    "Diagnosis",
    (value) => value instanceof Diagnosis,
    ({ service, checks }) => ({ service, checks }),
    ({ service, checks }) => new Diagnosis(service, checks),
  ),
  valueClass(
    "LoadedRules",
    (value) => value instanceof LoadedRules,
    ({ listing }) => ({ listing }),
    ({ listing }) => new LoadedRules(listing),
  ),
  valueClass("Picture", isDrawn, ({ scene, text }) => ({ scene, text }), pictureFrom),
];

/** Returns the class of `value`, or undefined if it is not one of them. */
export function valueClassOf(value: object): ValueClass | undefined {
  return valueClasses.find((each) => each.has(value));
}
