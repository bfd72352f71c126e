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

/** A port as getaddrinfo reads it: a number is decimal whatever it begins with. */
function lookedUpPort(word: string, context: Context): number {
  const decimal = /^\s*\+?0*(\d{1,5})$/.exec(word)?.[1];
  if (decimal !== undefined) return readPort(decimal, context);
  if (/^\s*\+?\d/.test(word)) throw new Refusal(`"${word}" is not a port`, "a decimal number, 0 to 65535");
  return readPort(word, context);
}

export const port: Kind = {
  what: "a port",
  read: (word, context) => String(lookedUpPort(word, context)),
};

function rangeOf(read: (word: string, context: Context) => number): Kind {
  return {
    what: "a port or a range FROM:TO",
    read: (word, context) => {
      const colon = word.indexOf(":");
      if (colon < 0) return String(read(word, context));
      const low = word.slice(0, colon);
      const high = word.slice(colon + 1);
      const from = low === "" ? 0 : read(low, context);
      const to = high === "" ? 65535 : read(high, context);
      if (from > to) throw new Refusal(`port range "${word}" runs backwards`, "the smaller port first");
      return from === to ? String(from) : `${from}:${to}`;
    },
  };
}

/** `FROM:TO`, either end left out; printed as one port where both are equal. Numbers as C writes them: 0x50, 0120. */
export const portRange: Kind = rangeOf(readPort);

/** As {@link portRange}, but only decimal numbers: tcp, sctp and multiport read ports themselves, the others ask libc. */
export const decimalPortRange: Kind = rangeOf(lookedUpPort);
