import { type Context, type Kind, Refusal } from "../declare";
import { readNumber } from "./numbers";
import { servicePort } from "./services";

/** A port by number or by service name. */
export function readPort(word: string, context: Context): number {
  const value = readNumber(word);
  if (value !== undefined && value <= 65535n) return Number(value);
  const named = value === undefined ? servicePort(word, context.protocol) : undefined;
  if (named === undefined)
    throw new Refusal(`"${word}" is not a port`, "a port, 0 to 65535, or the name of a service");
  return named;
}

export const port: Kind = {
  what: "a port",
  read: (word, context) => String(readPort(word, context)),
};

/** `FROM:TO`, either end left out; printed as one port where both are equal. */
export const portRange: Kind = {
  what: "a port or a range FROM:TO",
  read: (word, context) => {
    const colon = word.indexOf(":");
    if (colon < 0) return String(readPort(word, context));
    const low = word.slice(0, colon);
    const high = word.slice(colon + 1);
    const from = low === "" ? 0 : readPort(low, context);
    const to = high === "" ? 65535 : readPort(high, context);
    if (from > to) throw new Refusal(`port range "${word}" runs backwards`, "the smaller port first");
    return from === to ? String(from) : `${from}:${to}`;
  },
};
