import { protocolName, protocolNumber } from "../../model/protocols";
import { type Context, type Kind, Refusal } from "../extensions/declare";
import { readNumber } from "../values/numbers";
import { prefix } from "../values/prefix";

/** Options that belong to no extension. `-s` and `-d` may hold several addresses, each a rule of its own. */
export type BaseName = "source" | "destination" | "in" | "out" | "protocol" | "fragment";

interface BaseOption {
  readonly letter: string;
  readonly longs: readonly string[];
  readonly flag?: true;
}

export const BASE: Readonly<Record<BaseName, BaseOption>> = {
  source: { letter: "s", longs: ["source", "src"] },
  destination: { letter: "d", longs: ["destination", "dst"] },
  in: { letter: "i", longs: ["in-interface"] },
  out: { letter: "o", longs: ["out-interface"] },
  protocol: { letter: "p", longs: ["protocol"] },
  fragment: { letter: "f", longs: ["fragments"], flag: true },
};

/** Most bytes that the kernel keeps of an interface name (IFNAMSIZ - 1). */
const INTERFACE_LENGTH = 15;

/** An interface name as extensions read it: none is a name as well. */
export const interfaceName: Kind = {
  what: "an interface name",
  read: (word) => {
    if (Buffer.byteLength(word) > INTERFACE_LENGTH)
      throw new Refusal(
        `interface name "${word}" is too long`,
        `at most ${INTERFACE_LENGTH} bytes`,
        "A trailing + matches all names that begin so.",
      );
    return word;
  },
};

/** A protocol by name or number; prints the name where it has one. 0 and `all` stand for every protocol. */
export function readProtocol(word: string): number {
  const value = readNumber(word);
  if (value !== undefined && value <= 255n) return Number(value);
  const named = protocolNumber(word.toLowerCase());
  if (named === undefined)
    throw new Refusal(`"${word}" is not a protocol`, "a number, 0 to 255, or a name such as tcp");
  return named;
}

const network = prefix({ cut: true, full: true, any: true });

function networks(word: string, context: Context): string {
  const entries = word.split(",").map((entry) => network.read(entry.trimStart(), context));
  return entries.join(",");
}

/** Reads the value of a base option to its canonical form. */
export function readBase(name: BaseName, word: string, context: Context): string {
  switch (name) {
    case "source":
    case "destination":
      return networks(word, context);
    case "in":
    case "out":
      if (word === "") throw new Refusal("the interface name is empty", "an interface name");
      return interfaceName.read(word, context);
    case "protocol":
      return protocolName(readProtocol(word));
    case "fragment":
      return "";
  }
}
