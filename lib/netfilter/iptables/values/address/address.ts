import type { Context } from "../../context";
import { RuleSyntaxError } from "../../rule-syntax-error";
import type { ValueType } from "../value-type";
import { readHost, readIpv6Host } from "./host";
import { ipv4Text, readIpv4 } from "./ipv4";
import { ipv6Text, readIpv6 } from "./ipv6";

export const noIpv4 = (word: string): RuleSyntaxError =>
  new RuleSyntaxError(
    `"${word}" is not an IPv4 address`,
    "an IPv4 address such as 10.0.0.1",
    readIpv6(word)
      ? "It is one of IPv6: rules of ip6tables stand in a file of their own (wirebook rules --ipv6)."
      : "Names are not looked up; write the address.",
  );

export const noIpv6 = (word: string): RuleSyntaxError =>
  new RuleSyntaxError(
    `"${word}" is not an IPv6 address`,
    "an IPv6 address such as fd00::1",
    readIpv4(word) === undefined
      ? ""
      : "It is one of IPv4: rules of iptables stand in a file of their own (wirebook rules without --ipv6).",
  );

/**
 * Reads an address of the rule's family, and returns its canonical form.
 *
 * @param read - reads IPv4 addresses. Default: like inet_pton, which the targets of NAT use.
 */
export function readAddress(word: string, context: Context, read = readIpv4): string {
  if (context.family === "ipv6") {
    const parts = read === readHost ? readIpv6Host(word) : readIpv6(word);
    if (parts) return ipv6Text(parts);
    throw noIpv6(word);
  }
  const value = read(word);
  if (value === undefined) throw noIpv4(word);
  return ipv4Text(value);
}

/** An address, read as most extensions do: with getaddrinfo. */
export const address: ValueType = {
  expected: "an address",
  read: (word, context) => readAddress(word, context, readHost),
};
