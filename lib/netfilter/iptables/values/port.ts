import type { Context } from "../context";
import { RuleSyntaxError } from "../rule-syntax-error";
import { readNumber } from "./number";
import { servicePort } from "./services";
import type { ValueType } from "./value-type";

/**
 * Reads a port as tcp, sctp and multiport do: a number as C writes it (0x50, 0120), or the name of a service.
 *
 * @param protocol - whose services are searched. Default: all protocols.
 */
export function readPort(word: string, protocol: number | undefined): number {
  const value = readNumber(word);
  if (value !== undefined && value <= 65535n) return Number(value);
  const named = value === undefined ? servicePort(word, protocol) : undefined;
  if (named === undefined)
    throw new RuleSyntaxError(`"${word}" is not a port`, "a port, 0 to 65535, or the name of a service");
  return named;
}

const U64 = 2n ** 64n - 1n;

/**
 * Reads a port as getaddrinfo does: an empty word is 0, numbers are always decimal, only the last 16 bits of a larger
 * number are used, and a name may be a service of any protocol.
 */
function lookedUpPort(word: string): number {
  if (word === "") return 0;
  const decimal = /^\s*\+?(\d+)$/.exec(word)?.[1];
  if (decimal === undefined) {
    const named = servicePort(word, undefined);
    if (named !== undefined) return named;
    throw new RuleSyntaxError(
      `"${word}" is not a port`,
      "a decimal number, 0 to 65535, or the name of a service",
    );
  }
  const value = BigInt(decimal) > U64 ? U64 : BigInt(decimal);
  const kept = BigInt.asIntN(32, value);
  if (kept < 0n) throw new RuleSyntaxError(`"${word}" is not a port`, "a decimal number, 0 to 65535");
  return Number(kept & 0xffffn);
}

/** A port as most extensions read it, with getaddrinfo: always decimal. */
export const decimalPort: ValueType = {
  expected: "a port",
  read: (word) => String(lookedUpPort(word)),
};

function rangeOf(read: (word: string, context: Context) => number): ValueType {
  return {
    expected: "a port or a range FROM:TO",
    read: (word, context) => {
      const colon = word.indexOf(":");
      if (colon < 0) return String(read(word, context));
      const low = word.slice(0, colon);
      const high = word.slice(colon + 1);
      const from = low === "" ? 0 : read(low, context);
      const to = high === "" ? 65535 : read(high, context);
      if (from > to) throw new RuleSyntaxError(`port range "${word}" is reversed`, "the smaller port first");
      return from === to ? String(from) : `${from}:${to}`;
    },
  };
}

/**
 * `FROM:TO` with either end optional, read as tcp, sctp and multiport do. Printed as one port if both ends are equal.
 */
export const portRange: ValueType = rangeOf((word, { protocol }) => readPort(word, protocol));

/** `FROM:TO` as all other extensions read it, with getaddrinfo. */
export const decimalPortRange: ValueType = rangeOf(lookedUpPort);
