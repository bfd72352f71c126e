import type { Family, TcpFlag } from "../../model";
import type { TraceEvent, TraceHeader } from "./event";
import { makeHeader, readNumber } from "./header";
import { icmpCode, icmpType } from "./icmp-names";
import { flagsOf, readRawHeader } from "./raw-header";
import { readVerdict } from "./verdict";

const line =
  /^trace id ([0-9a-f]{8}) (ip6?|inet|bridge|netdev|arp) (\S+) (\S+) (packet:|rule|verdict|policy|return|unknown)(?: (.*))?$/;
const ruleEnd = /^(.*?)(?: # handle (\d+))? \(verdict ([^)]*)\)\s*$/s;
const markEnd = / meta mark (0x[0-9a-f]+)\s*$/;

/** Parses one line of `nft monitor trace` (with or without `-a`). Undefined for other lines. */
export function readNftLine(text: string): TraceEvent | undefined {
  const found = line.exec(text);
  if (!found) return undefined;
  const [, id = "", family = "", table = "", chain = "", kind = "", rest = ""] = found;
  const at = { id, family, table, chain };
  switch (kind) {
    case "packet:":
      return { kind: "packet", ...at, header: header(rest) };
    case "rule": {
      const rule = ruleEnd.exec(rest);
      if (!rule) return undefined;
      const [, body = "", handle, verdict = ""] = rule;
      return {
        kind,
        ...at,
        verdict: readVerdict(verdict),
        text: body,
        ...(handle === undefined ? {} : { handle: Number(handle) }),
      };
    }
    case "policy":
    case "return":
    case "verdict": {
      const mark = markEnd.exec(rest)?.[1];
      return {
        kind: kind === "policy" ? "policy" : "return",
        ...at,
        verdict: readVerdict(rest.replace(markEnd, "")),
        // nft omits a mark of 0.
        mark: mark === undefined ? 0 : Number(mark),
      };
    }
    default:
      return undefined;
  }
}

const ports = /\b(tcp|udp|udplite|sctp|dccp) sport (\S+) \1 dport (\S+)/;
function header(text: string): TraceHeader {
  const family: Family = /\bip6 saddr /.test(text) ? "ipv6" : "ipv4";
  const ip = family === "ipv6" ? "ip6" : "ip";
  const word = (pattern: string): string | undefined => new RegExp(`\\b${pattern} (\\S+)`).exec(text)?.[1];
  const quoted = (name: string): string | undefined =>
    new RegExp(`\\b${name} "?([^"\\s]+)"?`).exec(text)?.[1];
  const number = (pattern: string): number | undefined => readNumber(word(pattern));
  const links = { in: quoted("iif"), out: quoted("oif"), macDst: word("ether daddr") };
  const raw = readRawHeader(text);
  if (raw !== undefined) return makeHeader({ ...raw, ...links });
  const [, l4, sport, dport] = ports.exec(text) ?? [];
  const kind = icmp(text);
  // nft prints the IPv6 payload length, without the 40 bytes of the header, which `-m length` includes.
  const length = number(`${ip} length`);
  const bits = word("tcp flags ==");
  return makeHeader({
    family,
    ...links,
    src: word(`${ip} saddr`),
    dst: word(`${ip} daddr`),
    protocol: l4 ?? kind?.protocol ?? word(family === "ipv6" ? "ip6 nexthdr" : "ip protocol"),
    sport: readNumber(sport),
    dport: readNumber(dport),
    flags: bits === undefined ? undefined : flags(bits),
    icmp: kind?.icmp,
    ttl: number(family === "ipv6" ? "ip6 hoplimit" : "ip ttl"),
    length: length === undefined ? undefined : family === "ipv6" ? length + 40 : length,
    ipId: number("ip id"),
  });
}

function icmp(
  text: string,
): { protocol: string; icmp: { type: number; code: number; id?: number } } | undefined {
  const [, v6, type = "", code = ""] = /\bicmp(v6)? type (\S+) icmp(?:v6)? code (\S+)/.exec(text) ?? [];
  if (type === "") return undefined;
  const family: Family = v6 === undefined ? "ipv4" : "ipv6";
  const id = /\bicmp(?:v6)? id (\d+)/.exec(text)?.[1];
  return {
    protocol: family === "ipv4" ? "icmp" : "ipv6-icmp",
    icmp: {
      type: icmpType(family, type),
      code: icmpCode(family, code),
      ...(id === undefined ? {} : { id: Number(id) }),
    },
  };
}

function flags(text: string): TcpFlag[] {
  if (/^0x[0-9a-f]+$|^\d+$/.test(text)) return flagsOf(Number(text));
  const names = text.toUpperCase().split(/[|,]/);
  return flagsOf(0xff).filter((name) => names.includes(name));
}
