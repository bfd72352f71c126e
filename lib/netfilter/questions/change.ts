import { protocolNumberOf } from "../conntrack/protocol";
import type { Match, Packet, Range, TcpFlag } from "../model";
import { addressWords, masked, type Net, netOf, textOf, type Words, within } from "../routing/address";
import type { GivenState } from "../traverse/state/given-state";

/** Everything that the conditions of a rule depend on: the packet, its devices and its conntrack state. */
export interface Circumstances {
  readonly packet: Packet;
  readonly in: string;
  readonly out: string;
  readonly state: GivenState;
}

type Change = Partial<Circumstances>;
const packetChange = (at: Circumstances, change: Partial<Packet>): Change => ({
  packet: { ...at.packet, ...change },
});

/** Moves an address into a network: keeps the host bits and replaces the prefix. */
function inside(address: string, net: Net): string {
  const words = addressWords(address) ?? net.words;
  if (words.length !== net.words.length) return textOf(net.words);
  const moved = net.words.map((word, at) => {
    const mask = net.mask[at] ?? 0;
    return ((word & mask) | ((words[at] ?? 0) & ~mask)) >>> 0;
  });
  const host =
    net.length !== undefined && net.length < 31 && sameAs(moved, masked(net.words, net.mask)) ? 1 : 0;
  return textOf(moved.map((word, at) => (at === moved.length - 1 ? word + host : word)));
}

const sameAs = (a: Words, b: Words): boolean => a.every((word, at) => word === b[at]);

/** Moves an address out of a network by flipping the last bit of the prefix. */
function outside(address: string, net: Net): string | undefined {
  const words = addressWords(address) ?? net.words;
  const length = net.length ?? net.words.length * 32;
  if (length === 0) return undefined;
  const at = Math.floor((length - 1) / 32);
  const bit = (1 << (31 - ((length - 1) % 32))) >>> 0;
  const flipped = words.map((word, index) => (index === at ? (word ^ bit) >>> 0 : word));
  return within(flipped, net) ? undefined : textOf(flipped);
}

function addressFor(address: string, net: Net | undefined, inverted: boolean): string | undefined {
  if (net === undefined) return undefined;
  return inverted ? outside(address, net) : inside(address, net);
}

// Without options and extension headers (RFC 791, RFC 8200).
const IPV4_HEADER_BYTES = 20;
const IPV6_HEADER_BYTES = 40;

/** Returns the possible number inside (or with `inverted`, outside) of the ranges that is closest to a value. */
function nearest(
  value: number | undefined,
  ranges: readonly { from: number; to: number }[],
  inverted: boolean,
  possible: Range,
): number | undefined {
  const { from: bottom, to: top } = possible;
  if (!inverted) {
    const candidates = ranges
      .map(({ from, to }) => ({ from: Math.max(from, bottom), to: Math.min(to, top) }))
      .filter(({ from, to }) => from <= to)
      .map(({ from, to }) => Math.min(to, Math.max(from, value ?? from)));
    return candidates.sort((a, b) => Math.abs(a - (value ?? 0)) - Math.abs(b - (value ?? 0)))[0];
  }
  for (let step = 0; step <= top; step++)
    for (const candidate of [(value ?? 0) + step, (value ?? 0) - step])
      if (
        candidate >= bottom &&
        candidate <= top &&
        !ranges.some(({ from, to }) => candidate >= from && candidate <= to)
      )
        return candidate;
  return undefined;
}

function device(pattern: string, inverted: boolean): string {
  if (inverted) return pattern === "eth0" ? "eth1" : "eth0";
  return pattern.endsWith("+") ? `${pattern.slice(0, -1)}0` : pattern;
}

function withProtocol(packet: Packet, protocol: string): Packet {
  const { sport, dport, icmp: _icmp, tcpFlags: _flags, ...rest } = packet;
  const number = protocolNumberOf(protocol);
  if (number === 1 || number === 58)
    return { ...rest, protocol, icmp: { type: number === 1 ? 8 : 128, code: 0 } };
  const ported = number !== undefined && [6, 17, 33, 132, 136].includes(number);
  if (!ported) return { ...rest, protocol };
  return {
    ...rest,
    protocol,
    sport: sport ?? 40_000,
    dport: dport ?? 80,
    ...(number === 6 ? { tcpFlags: ["SYN"] as const } : {}),
  };
}

/** Returns the smallest change that makes a failed condition match, or undefined if it does not depend on the packet. */
export function changeFor(match: Match, at: Circumstances): Change | undefined {
  const { packet } = at;
  switch (match.kind) {
    case "source":
    case "destination": {
      const side = match.kind === "source" ? "src" : "dst";
      const address = addressFor(
        packet[side],
        netOf(match.prefix.address, match.prefix.mask),
        match.inverted,
      );
      return address === undefined ? undefined : packetChange(at, { [side]: address });
    }
    case "addressRange":
      return match.inverted
        ? undefined
        : packetChange(at, { [match.side === "source" ? "src" : "dst"]: match.from });
    case "inInterface":
      return { in: device(match.name, match.inverted) };
    case "outInterface":
      return { out: device(match.name, match.inverted) };
    case "protocol":
      return {
        packet: withProtocol(
          packet,
          match.inverted ? (packet.protocol === "udp" ? "tcp" : "udp") : match.protocol,
        ),
      };
    case "fragment": {
      const { fragment: _fragment, ...whole } = packet;
      return { packet: match.inverted ? whole : { ...packet, fragment: { offset: 64, more: false } } };
    }
    case "port": {
      const side = match.side === "source" ? "sport" : "dport";
      const based =
        match.protocol !== undefined && match.protocol !== packet.protocol
          ? withProtocol(packet, match.protocol)
          : packet.sport === undefined
            ? withProtocol(packet, "tcp")
            : packet;
      const port = nearest(based[side], match.ports, match.inverted, { from: 0, to: 65_535 });
      return port === undefined ? undefined : { packet: { ...based, [side]: port } };
    }
    case "tcpFlags": {
      const based = packet.protocol === "tcp" ? packet : withProtocol(packet, "tcp");
      const kept = (based.tcpFlags ?? ["SYN"]).filter((flag) => !match.mask.includes(flag));
      const wanted: readonly TcpFlag[] = match.inverted
        ? match.mask.filter((flag) => !match.set.includes(flag))
        : match.set;
      return { packet: { ...based, tcpFlags: [...kept, ...wanted] } };
    }
    case "icmp":
      return {
        packet: {
          ...withProtocol(packet, match.family === "ipv4" ? "icmp" : "ipv6-icmp"),
          icmp: {
            type: match.inverted ? (match.type === 8 ? 13 : 8) : match.type === 255 ? 8 : match.type,
            code: match.inverted ? 0 : match.codes.from,
          },
        },
      };
    case "ctState": {
      const states = ["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"] as const;
      const state = states.find((name) => match.states.includes(name) !== match.inverted);
      return state === undefined ? undefined : { state };
    }
    case "mark":
      return packetChange(at, {
        mark: match.inverted
          ? (match.mark.value ^ 1) >>> 0
          : ((packet.mark & ~match.mark.mask) | match.mark.value) >>> 0,
      });
    case "mac":
      return match.inverted ? undefined : packetChange(at, { macSrc: match.address });
    case "ttl": {
      const ttl = nearest(packet.ttl, [match.ttl], match.inverted, { from: 0, to: 255 });
      return ttl === undefined ? undefined : packetChange(at, { ttl });
    }
    case "length": {
      const length = nearest(packet.length, [match.bytes], match.inverted, {
        from: packet.family === "ipv4" ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES,
        to: 65_535,
      });
      return length === undefined ? undefined : packetChange(at, { length });
    }
    case "tos":
      return match.inverted
        ? undefined
        : packetChange(at, { tos: (packet.tos & ~match.tos.mask) | match.tos.value });
    case "pktType":
      return packetChange(at, {
        pktType: match.inverted ? (match.type === "unicast" ? "broadcast" : "unicast") : match.type,
      });
    case "owner":
      if (match.inverted) return undefined;
      return packetChange(at, {
        owner: {
          ...packet.owner,
          ...(match.uid === undefined ? {} : { uid: match.uid.from }),
          ...(match.gid === undefined ? {} : { gid: match.gid.from }),
        },
      });
    case "addressType":
      if (match.inverted || !match.types.includes("LOCAL") || match.limitTo !== undefined) return undefined;
      return packetChange(at, {
        [match.side === "source" ? "src" : "dst"]: packet.family === "ipv4" ? "127.0.0.1" : "::1",
      });
    case "ctProtocol":
    case "ctAddress":
    case "ctPort":
    case "ctDirection":
    case "ctStatus":
    case "ctExpire":
    case "connmark":
    case "statisticRandom":
    case "statisticNth":
    case "limit":
    case "hashlimit":
    case "connlimit":
    case "recent":
    case "set":
    case "rpfilter":
    case "physdev":
    case "comment":
    case "opaque":
      return undefined;
  }
}
