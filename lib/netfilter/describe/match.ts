import type { Masked, Match, Prefix, Range } from "../model";
import { ALL, hex, oneOf, sidesOf } from "./phrases";

/** A range in words: `80`, `80 to 90`. */
const span = ({ from, to }: Range): string => (from === to ? String(from) : `${from} to ${to}`);

function network({ address, mask }: Prefix): string {
  const one = address.includes(":") ? 128 : 32;
  return mask === one ? address : `${address}/${mask}`;
}

function masked(name: string, { value, mask }: Masked, not: string, full = ALL): string {
  if (mask === full) return `${name} is ${not}${hex(value)}`;
  return `${name} & ${hex(mask)} is ${not}${hex(value)}`;
}

const interfaceName = (name: string): string => (name.endsWith("+") ? `${name.slice(0, -1)}…` : name);

const NAMES: Readonly<Record<string, string>> = { "ipv6-icmp": "ICMPv6", udplite: "UDP-Lite" };

const protocolName = (name: string): string =>
  /^\d+$/.test(name) ? `protocol ${name}` : (NAMES[name] ?? name.toUpperCase());

const ICMP: Readonly<Record<string, string>> = {
  "ipv4 0": "echo reply",
  "ipv4 3": "destination unreachable",
  "ipv4 4": "source quench",
  "ipv4 5": "redirect",
  "ipv4 8": "echo request",
  "ipv4 11": "time exceeded",
  "ipv4 12": "parameter problem",
  "ipv6 1": "destination unreachable",
  "ipv6 2": "packet too big",
  "ipv6 3": "time exceeded",
  "ipv6 4": "parameter problem",
  "ipv6 128": "echo request",
  "ipv6 129": "echo reply",
  "ipv6 133": "router solicitation",
  "ipv6 134": "router advertisement",
  "ipv6 135": "neighbour solicitation",
  "ipv6 136": "neighbour advertisement",
};

const UNITS: Readonly<Record<number, string>> = { 1: "second", 60: "minute", 3600: "hour", 86400: "day" };

function rate(packets: number, seconds: number, bytes = false): string {
  const unit = UNITS[seconds];
  const what = bytes ? "bytes" : "packets";
  if (unit) return `${packets} ${what} a ${unit}`;
  return `${Number((packets / seconds).toPrecision(4))} ${what} a second`;
}

const KEYS: Readonly<Record<string, string>> = {
  srcip: "source address",
  srcport: "source port",
  dstip: "destination address",
  dstport: "destination port",
};

function limitTo(side: string | undefined): string {
  return side === undefined ? "" : ` on the interface it ${side === "in" ? "came in by" : "goes out by"}`;
}

/**
 * Describes one condition of a rule in English.
 *
 * @example
 * import { describeMatch } from "wirebook";
 *
 * console.log(describeMatch({ kind: "inInterface", inverted: false, name: "eth0" })); // came in by eth0
 */
export function describeMatch(match: Match): string {
  const not = "inverted" in match && match.inverted ? "not " : "";
  switch (match.kind) {
    case "source":
      return `${not}from ${network(match.prefix)}`;
    case "destination":
      return `${not}to ${network(match.prefix)}`;
    case "inInterface":
      return `came in by ${not ? "another interface than " : ""}${interfaceName(match.name)}`;
    case "outInterface":
      return `goes out by ${not ? "another interface than " : ""}${interfaceName(match.name)}`;
    case "protocol":
      return `${not}${protocolName(match.protocol)}`;
    case "fragment":
      return not ? "whole, or the first fragment" : "a fragment after the first";
    case "port": {
      const word = match.side === "source" ? "from" : match.side === "destination" ? "to" : "from or to";
      const [only] = match.ports;
      const many = match.ports.length > 1 || (only !== undefined && only.from !== only.to);
      return `${not}${word} port${many ? "s" : ""} ${oneOf(match.ports.map(span))}`;
    }
    case "tcpFlags": {
      const clear = match.mask.filter((flag) => !match.set.includes(flag));
      if (!not && match.mask.length === 4 && match.set.join() === "SYN") return "opening a connection (SYN)";
      const set = match.set.length > 0 ? `with ${oneOf(match.set, "and")} set` : "";
      const without = clear.length > 0 ? `${set === "" ? "with " : " and "}${oneOf(clear, "and")} clear` : "";
      return `${not}${set}${without}`;
    }
    case "icmp": {
      const name = ICMP[`${match.family} ${match.type}`] ?? `type ${match.type}`;
      const code = match.codes.from === 0 && match.codes.to === 255 ? "" : ` (code ${span(match.codes)})`;
      return `${not}${match.family === "ipv6" ? "ICMPv6" : "ICMP"} ${name}${code}`;
    }
    case "ctState": {
      const states = match.states.map((state) =>
        state === "SNAT" || state === "DNAT" ? `under ${state}` : state.toLowerCase(),
      );
      return `connection is ${not}${oneOf(states)}`;
    }
    case "ctProtocol":
      return `connection is ${not}${protocolName(match.protocol)}`;
    case "ctAddress":
      return `connection's ${match.tuple} ${match.side} is ${not}${network(match.prefix)}`;
    case "ctPort":
      return `connection's ${match.tuple} ${match.side} port is ${not}${span(match.ports)}`;
    case "ctDirection":
      return `${not}in the ${match.direction === "REPLY" ? "reply" : "original"} direction of its connection`;
    case "ctStatus":
      return `connection is ${not}${match.status.length === 0 ? "without status" : oneOf(match.status.map((each) => each.toLowerCase().replace("_", " ")))}`;
    case "ctExpire":
      return `connection expires ${not}in ${span(match.seconds)} s`;
    case "mark":
      return masked("mark", match.mark, not);
    case "connmark":
      return masked("connection's mark", match.mark, not);
    case "addressType": {
      const types = oneOf(
        match.types.map((type) => (type === "LOCAL" ? "one of this host's own" : type.toLowerCase())),
      );
      return `${match.side} address is ${not}${types}${limitTo(match.limitTo)}`;
    }
    case "addressRange":
      return `${not}${match.side === "source" ? "from" : "to"} ${match.from} to ${match.to}`;
    case "mac":
      return `${not}from MAC address ${match.address}`;
    case "owner": {
      if (match.socketExists) return `${not}sent by a local socket`;
      if (match.uid) return `${not}sent by user ${span(match.uid)}`;
      return `${not}sent by group ${match.gid ? span(match.gid) : "?"}${match.supplementary ? " or one with that supplementary group" : ""}`;
    }
    case "pktType":
      return `${not}sent as ${match.type}`;
    case "ttl":
      return `TTL is ${not}${span(match.ttl)}`;
    case "length":
      return `${not}${span(match.bytes)} bytes long`;
    case "tos":
      return masked("TOS", match.tos, not, 0xff);
    case "statisticRandom": {
      const chance = match.threshold / 2 ** 31;
      const percent = Number(((match.inverted ? 1 - chance : chance) * 100).toPrecision(4));
      return `by chance in ${percent} % of cases`;
    }
    case "statisticNth":
      return `${not}packet ${match.packet} of every ${match.every}`;
    case "limit":
      return `at most ${rate(match.packets, match.seconds)} (after a burst of ${match.burst})`;
    case "hashlimit": {
      const each =
        match.key.length === 0
          ? ""
          : ` for each ${oneOf(
              match.key.map((key) => KEYS[key] ?? key),
              "and",
            )}`;
      const word = match.above ? "more than" : "at most";
      return `${word} ${rate(match.packets, match.seconds, match.bytes)}${each} (table ${match.name})`;
    }
    case "connlimit": {
      const word = match.inverted ? "at most" : "more than";
      const side = match.side === "source" ? "from its source" : "to its destination";
      const group = match.mask === 32 || match.mask === 128 ? "" : `, grouped by /${match.mask}`;
      return `${word} ${match.above} connections ${side}${group}`;
    }
    case "recent": {
      const who = `${match.side} address`;
      const list = `list ${match.name}`;
      const seconds = match.seconds === undefined ? "" : ` in the last ${match.seconds} s`;
      const hits = match.hitcount === undefined ? "" : ` at least ${match.hitcount} times`;
      if (match.action === "set") return `${not}after adding its ${who} to ${list}`;
      if (match.action === "remove") return `its ${who} was ${not}removed from ${list}`;
      const update = match.action === "update" ? ", which is updated" : "";
      return `its ${who} was ${not}seen${hits}${seconds} on ${list}${update}`;
    }
    case "set": {
      return `its ${sidesOf(match.directions)} is ${not}in set ${match.set}`;
    }
    case "rpfilter":
      return `${match.inverted ? "the route back does not lead" : "the route back leads"} over ${match.loose ? "any interface" : "the interface it came in by"}`;
    case "physdev": {
      if (match.in !== undefined) return `${not}entered the bridge by port ${interfaceName(match.in)}`;
      if (match.out !== undefined) return `${not}leaves the bridge by port ${interfaceName(match.out)}`;
      if (match.isIn) return `${not}entered by a bridge port`;
      return match.isOut ? `${not}leaves by a bridge port` : `${not}bridged, not routed`;
    }
    case "comment":
      return `note: ${match.text}`;
    case "opaque":
      return `${match.extension} matches (${match.text})`;
  }
}
