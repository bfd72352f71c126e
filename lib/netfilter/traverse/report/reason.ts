import { tupleText } from "../../conntrack/tuple";
import { describeMatch } from "../../describe";
import type { Match, Prefix } from "../../model";
import { stateOfPacket } from "../match/connection";
import { flagsOf } from "../match/header";
import type { HookState } from "../state/hook-state";
import { dashedRange, hex } from "./effect";

function prefixText({ address, mask }: Prefix): string {
  const whole = address.includes(":") ? ["128"] : ["32", "255.255.255.255"];
  return whole.includes(String(mask)) ? address : `${address}/${mask}`;
}

/** Describes why a condition did not match a packet: `source 172.30.0.1 is not in 172.17.0.0/16`. */
export function reasonOf(match: Match, hookState: HookState): string {
  const { packet } = hookState;
  const is = (inverted: boolean): string => (inverted ? "is" : "is not");
  switch (match.kind) {
    case "source":
    case "destination": {
      const prefix = prefixText(match.prefix);
      const what = `${match.kind} ${match.kind === "source" ? packet.src : packet.dst}`;
      return prefix.includes("/")
        ? `${what} ${is(match.inverted)} in ${prefix}`
        : `${what} ${is(match.inverted)} ${prefix}`;
    }
    case "inInterface":
    case "outInterface": {
      const side = match.kind === "inInterface" ? "in" : "out";
      const name = hookState[side];
      if (name === "") return `${hookState.hook} has no ${side === "in" ? "incoming" : "outgoing"} interface`;
      return `${side === "in" ? "incoming" : "outgoing"} interface ${name ?? "(unknown)"} ${is(match.inverted)} ${match.name}`;
    }
    case "protocol":
      return `protocol ${packet.protocol} ${is(match.inverted)} ${match.protocol}`;
    case "port": {
      if ((packet.fragment?.offset ?? 0) > 0) return "a later fragment has no ports";
      const ports = match.ports.map(dashedRange).join(",");
      const own =
        match.side === "source"
          ? packet.sport
          : match.side === "destination"
            ? packet.dport
            : `${packet.sport}/${packet.dport}`;
      if (own === undefined) return `protocol ${packet.protocol} has no ports`;
      return `${match.side === "either" ? "" : `${match.side} `}port ${own} ${is(match.inverted)} ${ports}`;
    }
    case "tcpFlags":
      return `TCP flags are ${flagsOf(packet).join(",") || "none"}`;
    case "icmp":
      return `ICMP type ${packet.icmp?.type ?? "(none)"} ${is(match.inverted)} ${match.type}`;
    case "ctState":
      return `connection state ${stateOfPacket(hookState)} ${is(match.inverted)} ${match.states.join(",")}`;
    case "ctAddress":
    case "ctPort":
      return hookState.ct === undefined
        ? "the packet has no connection"
        : `the connection is ${tupleText(hookState.ct.connection.original)}, its reply ${tupleText(hookState.ct.connection.reply)}`;
    case "mark":
      return `mark ${hex(packet.mark)} ${is(match.inverted)} ${hex(match.mark.value)}/${hex(match.mark.mask)}`;
    case "connmark":
      return `connection mark ${hex(hookState.ct?.connection.mark ?? 0)} ${is(match.inverted)} ${hex(match.mark.value)}/${hex(match.mark.mask)}`;
    case "addressType":
      return `${match.side} ${match.side === "source" ? packet.src : packet.dst} ${is(match.inverted)} ${match.types.join(",")}`;
    case "ttl":
      return `TTL is ${packet.ttl}`;
    case "length":
      return `length is ${packet.length}`;
    case "statisticRandom":
      return "the random condition did not match";
    case "statisticNth":
      return "the counter is at another packet";
    case "limit":
    case "hashlimit":
      return "the rate limit is exceeded";
    case "opaque":
      return `assumed not to match: ${match.text}`;
    case "fragment":
    case "ctProtocol":
    case "ctDirection":
    case "ctStatus":
    case "ctExpire":
    case "addressRange":
    case "mac":
    case "owner":
    case "pktType":
    case "tos":
    case "connlimit":
    case "recent":
    case "set":
    case "rpfilter":
    case "physdev":
    case "comment":
      return `condition not met: ${describeMatch(match)}`;
  }
}
