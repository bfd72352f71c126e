import { protocolNumber } from "../model/protocols";

export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;
const DCCP = 33;
export const ICMPV6 = 58;
const SCTP = 132;
export const UDPLITE = 136;

const numbers = new Map<string, number | undefined>();

/** Returns the number of a protocol, given its name or decimal number; undefined if the name is unknown. `all` is 0. */
export function protocolNumberOf(protocol: string): number | undefined {
  if (numbers.has(protocol)) return numbers.get(protocol);
  const number = parseProtocol(protocol.toLowerCase());
  numbers.set(protocol, number);
  return number;
}

function parseProtocol(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  if (name === "all") return 0;
  return name === "icmpv6" || name === "icmp6" ? ICMPV6 : protocolNumber(name);
}

/** Whether the protocol's header starts with source and destination port. */
export function hasPorts(protocol: number): boolean {
  return (
    protocol === TCP || protocol === UDP || protocol === SCTP || protocol === DCCP || protocol === UDPLITE
  );
}

export const isIcmp = (protocol: number): boolean => protocol === ICMP || protocol === ICMPV6;
