import { hasPorts, isIcmp, protocolNumberOf, TCP } from "../../conntrack/protocol";
import { type Match, type Packet, type Prefix, type TcpFlag, unknownCondition } from "../../model";
import { addressWords, compareWords, type Net, netOf, type Words, within } from "../../routing/address";
import { type Answer, flip } from "../state/answer";
import type { Evaluation } from "../state/evaluation";
import type { Device, HookState } from "../state/hook-state";

/** Evaluates a condition. */
export type Ask = (hookState: HookState, evaluation: Evaluation) => Answer;
type Of<K extends Match["kind"]> = Extract<Match, { kind: K }>;

/** Parses the prefix of a match. An invalid one is undefined and matches nothing. */
export function prefixNet(prefix: Prefix): Net | undefined {
  return netOf(prefix.address, prefix.mask);
}

/** Whether an address is in a network. The result is unknown if the address is. */
export function addressIn(
  words: Words | undefined,
  net: Net | undefined,
  what: string,
  inverted: boolean,
): Answer {
  if (net === undefined) return inverted;
  if (words !== undefined) return within(words, net) !== inverted;
  if (net.length === 0) return !inverted;
  const range = `${net.words.join(".")}/${net.mask.join(".")}`;
  return flip(
    unknownCondition(
      `${what} in ${range}`,
      `the ${what} address matches`,
      `the ${what} address does not match`,
    ),
    inverted,
  );
}

export function address(match: Of<"source"> | Of<"destination">): Ask {
  const net = prefixNet(match.prefix);
  const { inverted } = match;
  return match.kind === "source"
    ? (hookState) => addressIn(hookState.src, net, "source", inverted)
    : (hookState) => addressIn(hookState.dst, net, "destination", inverted);
}

export function addressRange(match: Of<"addressRange">): Ask {
  const from = addressWords(match.from) ?? [];
  const to = addressWords(match.to) ?? [];
  return (hookState) => {
    const words = match.side === "source" ? hookState.src : hookState.dst;
    if (words === undefined)
      return unknownCondition(
        `${match.side} in ${match.from}-${match.to}`,
        "the address is in the range",
        "the address is not in the range",
      );
    if (words.length !== from.length) return match.inverted;
    return (compareWords(words, from) >= 0 && compareWords(words, to) <= 0) !== match.inverted;
  };
}

/** Compares a device name with `-i` or `-o`: `eth+` matches all names that start with `eth`, `+` also matches no device. */
export function deviceMatches(name: string, pattern: string): boolean {
  return pattern.endsWith("+") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

export function device(match: Of<"inInterface"> | Of<"outInterface">): Ask {
  const side = match.kind === "inInterface" ? "in" : "out";
  const { name: pattern, inverted } = match;
  return (hookState, evaluation) => {
    const name: Device = hookState[side] ?? evaluation.device(side);
    if (name !== undefined) return deviceMatches(name, pattern) !== inverted;
    if (pattern === "+") return !inverted;
    return { kind: "device", side, pattern, place: hookState.host.place, inverted };
  };
}

export function protocol(match: Of<"protocol">): Ask {
  const wanted = protocolNumberOf(match.protocol);
  if (wanted === 0) return () => !match.inverted;
  return (hookState) => (hookState.protocol === wanted) !== match.inverted;
}

export function fragment(match: Of<"fragment">): Ask {
  return (hookState) => (hookState.packet.fragment?.offset ?? 0) > 0 !== match.inverted;
}

const isLaterFragment = (packet: Packet): boolean => (packet.fragment?.offset ?? 0) > 0;

export function port(match: Of<"port">): Ask {
  const wanted = match.protocol === undefined ? undefined : protocolNumberOf(match.protocol);
  return (hookState) => {
    const { packet } = hookState;
    // A later fragment has no ports, so that neither a plain nor a negated condition matches (xt_tcpudp.c, xt_multiport.c: fragoff != 0).
    if (isLaterFragment(packet)) return false;
    if (hookState.protocol === undefined || !hasPorts(hookState.protocol)) return false;
    if (wanted !== undefined && wanted !== hookState.protocol) return false;
    const among = (value: number | undefined): boolean | undefined =>
      value === undefined ? undefined : match.ports.some(({ from, to }) => value >= from && value <= to);
    const source = match.side === "destination" ? false : among(packet.sport);
    const destination = match.side === "source" ? false : among(packet.dport);
    if (source === true || destination === true) return !match.inverted;
    if (source === false && destination === false) return match.inverted;
    const ports = match.ports.map(({ from, to }) => (from === to ? `${from}` : `${from}:${to}`)).join(",");
    return flip(
      unknownCondition(
        `${match.side} port in ${ports}`,
        `the ${match.side} port is ${ports}`,
        `the ${match.side} port is not ${ports}`,
      ),
      match.inverted,
    );
  };
}

/** Returns the flags of a TCP packet. Default: SYN. */
export function flagsOf(packet: Packet): readonly TcpFlag[] {
  return packet.tcpFlags ?? ["SYN"];
}

export function tcpFlags(match: Of<"tcpFlags">): Ask {
  return (hookState) => {
    if (isLaterFragment(hookState.packet) || hookState.protocol !== TCP) return false;
    const flags = flagsOf(hookState.packet);
    return match.mask.every((flag) => flags.includes(flag) === match.set.includes(flag)) !== match.inverted;
  };
}

export function icmp(match: Of<"icmp">): Ask {
  return (hookState) => {
    if (isLaterFragment(hookState.packet) || hookState.protocol === undefined || !isIcmp(hookState.protocol))
      return false;
    const header = hookState.packet.icmp;
    if (match.type === 255 && match.family === "ipv4") return !match.inverted;
    if (header === undefined)
      return flip(
        unknownCondition(
          `icmp ${match.type}/${match.codes.from}-${match.codes.to}`,
          `ICMP type ${match.type}`,
          `not ICMP type ${match.type}`,
        ),
        match.inverted,
      );
    const same =
      header.type === match.type && header.code >= match.codes.from && header.code <= match.codes.to;
    return same !== match.inverted;
  };
}

export function mac(match: Of<"mac">): Ask {
  const wanted = match.address.toLowerCase();
  return (hookState) => {
    // Only packets from an Ethernet device have a MAC address (xt_mac.c).
    if (hookState.in === "" || hookState.in === "lo") return false;
    const { macSrc } = hookState.packet;
    if (macSrc !== undefined) return (macSrc.toLowerCase() === wanted) !== match.inverted;
    return flip(
      unknownCondition(
        `mac ${wanted}`,
        `the frame came from ${wanted}`,
        `the frame did not come from ${wanted}`,
      ),
      match.inverted,
    );
  };
}

/** A condition on a numeric header field, which may be unknown. */
function number(
  match: Match & { inverted: boolean },
  field: "length" | "ttl" | "tos" | "mark",
  holds: (packet: Packet) => boolean,
): Ask {
  const key = JSON.stringify({ ...match, inverted: false });
  return (hookState, evaluation) => {
    const known = !evaluation.unknownFields.has(field);
    if (known) return holds(hookState.packet) !== match.inverted;
    return flip(
      unknownCondition(key, `the packet's ${field} matches`, `the packet's ${field} does not match`),
      match.inverted,
    );
  };
}

export const ttl = (match: Of<"ttl">): Ask =>
  number(match, "ttl", (packet) => packet.ttl >= match.ttl.from && packet.ttl <= match.ttl.to);

export const length = (match: Of<"length">): Ask =>
  number(match, "length", (packet) => packet.length >= match.bytes.from && packet.length <= match.bytes.to);

export const tos = (match: Of<"tos">): Ask =>
  number(match, "tos", (packet) => (packet.tos & match.tos.mask) === match.tos.value);

export const mark = (match: Of<"mark">): Ask =>
  number(match, "mark", (packet) => (packet.mark & match.mark.mask) >>> 0 === match.mark.value >>> 0);

export function pktType(match: Of<"pktType">): Ask {
  return (hookState) => ((hookState.packet.pktType ?? "unicast") === match.type) !== match.inverted;
}
