import { protocolName } from "../../model/protocols";
import type { Context } from "../context";
import type { BaseName } from "../rule-spec";
import { RuleSyntaxError } from "../rule-syntax-error";
import { prefix } from "../values/address/prefix";
import { interfaceName } from "../values/interface-name";
import { readProtocol } from "../values/protocol";

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

const network = prefix({ cut: true, full: true, any: true });

function networks(word: string, context: Context): string {
  const entries = word.split(",").map((entry) => network.read(entry.trimStart(), context));
  return entries.join(",");
}

/** Reads the value of a base option, and returns its canonical form. */
export function readBase(name: BaseName, word: string, context: Context): string {
  switch (name) {
    case "source":
    case "destination":
      return networks(word, context);
    case "in":
    case "out":
      if (word === "") throw new RuleSyntaxError("the interface name is empty", "an interface name");
      return interfaceName.read(word, context);
    case "protocol":
      return protocolName(readProtocol(word));
    case "fragment":
      return "";
  }
}
