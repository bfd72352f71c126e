import type { Family, TcpFlag } from "../../model";
import type { TraceEvent, TraceHeader } from "./event";
import { makeHeader, readNumber } from "./header";
import { readVerdict } from "./verdict";

const packetLine = /^PACKET: (\d+) ([0-9a-f]{8}) (.*)$/;
const traceLine = /^ ?TRACE: (\d+) ([0-9a-f]{8}) ([^:\s]+):(\S+?):(rule|policy|return):(\S*)(?: {2}(.*)| ?)$/;
const ruleVerdict = /^0x([0-9a-f]+):(.+)$/;
const flagNames: readonly TcpFlag[] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];

// NFPROTO_*: include/uapi/linux/netfilter.h.
const families: Readonly<Record<string, string>> = {
  "1": "inet",
  "2": "ip",
  "3": "arp",
  "5": "netdev",
  "7": "bridge",
  "10": "ip6",
};

/** Parses one line of `xtables-monitor --trace`. Undefined for other lines. */
export function readXtablesLine(line: string): TraceEvent | undefined {
  const packet = packetLine.exec(line);
  if (packet) {
    const [, family = "", id = "", fields = ""] = packet;
    return { kind: "packet", id, family: families[family] ?? family, header: header(family, fields) };
  }
  const trace = traceLine.exec(line);
  if (!trace) return undefined;
  const [, number = "", id = "", table = "", chain = "", kind = "", rest = "", text = ""] = trace;
  const at = { id, family: families[number] ?? number, table, chain };
  if (kind === "rule") {
    const [, handle, verdict] = ruleVerdict.exec(rest) ?? [];
    if (handle === undefined || verdict === undefined) return undefined;
    return {
      kind,
      ...at,
      handle: Number.parseInt(handle, 16),
      verdict: readVerdict(verdict),
      text: text.replace(/^-[46] -t \S+ /, ""),
    };
  }
  if (kind !== "policy" && kind !== "return") return undefined;
  return { kind, ...at, verdict: readVerdict(rest) };
}

function header(protocolFamily: string, text: string): TraceHeader {
  const words = text.trim().split(/ +/);
  const values = new Map<string, string>();
  for (const word of words) {
    const equals = word.indexOf("=");
    if (equals > 0 && !values.has(word.slice(0, equals)))
      values.set(word.slice(0, equals), word.slice(equals + 1));
  }
  const protocolNumber = values.get("NFPROTO") ?? protocolFamily;
  const family: Family = protocolNumber === "10" ? "ipv6" : "ipv4";
  const flags = flagNames.filter((flag) => words.includes(flag));
  const named = (key: string): string | undefined => values.get(key) || undefined;
  const number = (key: string): number | undefined => readNumber(values.get(key));
  return makeHeader({
    family,
    in: named("IN"),
    out: named("OUT"),
    src: named("SRC"),
    dst: named("DST"),
    ...(flags.length > 0 ? { protocol: "tcp", flags } : {}),
    sport: number("SPORT"),
    dport: number("DPORT"),
    ttl: number("TTL") ?? number("HOPLIMIT"),
    length: number("LEN"),
    ipId: number("ID"),
    mark: number("MARK") ?? 0,
  });
}
