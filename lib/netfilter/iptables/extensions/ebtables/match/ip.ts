import { protocolName } from "../../../../model/protocols";
import { interfaceName, readProtocol } from "../../../read/base-options";
import { etherType, frameType, LENGTH, macMask } from "../../../values/ethernet";
import { hex32 } from "../../../values/marks";
import { number, numberRange, oneOf, text, U8, U16, U32, whole } from "../../../values/numbers";
import { portRange } from "../../../values/ports";
import { mac, prefix } from "../../../values/prefix";
import {
  type Context,
  type Extension,
  flag,
  type Given,
  invertible,
  type Kind,
  match,
  type Options,
  option,
  Refusal,
} from "../../declare";
import { V4_TYPES, V6_TYPES } from "../../match/icmp";
import { rate } from "../../match/limit";

const BRIDGE = ["bridge"] as const;

const IPV4 = 0x0800;
export const ARP = 0x0806;
const IPV6 = 0x86dd;
const VLAN = 0x8100;

const isAny = (given: Given): boolean => !given.inverted && given.values[0] === "+";

const macs = macMask({ names: "printed" });

const header = match("header", {
  families: BRIDGE,
  implicit: true,
  options: [
    invertible("protocol", frameType, { letter: "p", aliases: ["proto"] }),
    invertible("source", macs, { letter: "s", aliases: ["src"] }),
    invertible("destination", macs, { letter: "d", aliases: ["dst"] }),
    invertible("in-interface", interfaceName, { letter: "i", aliases: ["in-if"], silent: isAny }),
    invertible("logical-in", interfaceName, { silent: isAny }),
    invertible("out-interface", interfaceName, { letter: "o", aliases: ["out-if"], silent: isAny }),
    invertible("logical-out", interfaceName, { silent: isAny }),
  ],
});

/** Matches of a protocol need `-p` with it, not negated. */
export const needs =
  (type: number, name: string) =>
  (context: Context): void => {
    if (context.protocol !== type) throw new Refusal("these options need a protocol", `-p ${name}`);
  };

const hex = (digits: number, most: number, upper = false): Kind => ({
  what: "a number",
  read: (word) => {
    const shown = whole(word, 0, most, "a number").toString(16).padStart(digits, "0");
    return `0x${upper ? shown.toUpperCase() : shown}`;
  },
});

interface TypeName {
  readonly name: string;
  readonly type: number;
  readonly code?: number;
}

/** `TYPE[:TYPE][/CODE[:CODE]]` or a name; printed as name where there is one. */
function messageType(names: readonly TypeName[]): Kind {
  const what = "a type or range, with /CODE, or a name";
  const bounds = (word: string): readonly [number, number] => {
    const [low = "", high] = word.split(":");
    const from = low === "" ? 0 : Number(whole(low, 0, U8, what));
    const to = high === undefined ? from : high === "" ? U8 : Number(whole(high, 0, U8, what));
    if (from > to) throw new Refusal(`range "${word}" runs backwards`, "the smaller number first");
    return [from, to];
  };
  const shown = ([from, to]: readonly [number, number]): string =>
    from === to ? String(from) : `${from}:${to}`;
  return {
    what,
    read: (word) => {
      const named = names.find(({ name }) => name === word.toLowerCase());
      if (named) return named.name;
      const [types = "", codes] = word.split("/");
      const type = bounds(types);
      const code = codes === undefined ? ([0, U8] as const) : bounds(codes);
      const single = type[0] === type[1];
      const known = names.find(
        (each) =>
          single &&
          each.type === type[0] &&
          (each.code === undefined
            ? code[0] === 0 && code[1] === U8
            : code[0] === each.code && code[1] === each.code),
      );
      return known?.name ?? `${shown(type)}/${shown(code)}`;
    },
  };
}

const IGMP = messageType([
  { name: "membership-query", type: 0x11 },
  { name: "membership-report-v1", type: 0x12 },
  { name: "membership-report-v2", type: 0x16 },
  { name: "leave-group", type: 0x17 },
  { name: "membership-report-v3", type: 0x22 },
]);

const protocol: Kind = { what: "a protocol", read: (word) => protocolName(readProtocol(word)) };

const WITH_PORTS = ["tcp", "udp", "dccp", "sctp", "udplite"];

/** Ports and types belong to certain protocols above IP. */
function above(options: Options, prefixOf: "ip" | "ip6", messages: Readonly<Record<string, string>>): void {
  const given = options.get(`${prefixOf}-proto`);
  const proto = given && !given.inverted ? given.values[0] : undefined;
  const ports = options.has(`${prefixOf}-sport`) || options.has(`${prefixOf}-dport`);
  if (ports && !WITH_PORTS.includes(proto ?? ""))
    throw new Refusal("ports without a protocol that has them", `--${prefixOf}-proto tcp, udp, sctp or dccp`);
  for (const [name, wanted] of Object.entries(messages))
    if (options.has(name) && proto !== wanted)
      throw new Refusal(`--${name} without its protocol`, `--${prefixOf}-proto ${wanted}`);
}

const ip = match("ip", {
  families: BRIDGE,
  implicit: true,
  options: [
    invertible("ip-src", prefix({ cut: true, full: false }), { aliases: ["ip-source"] }),
    invertible("ip-dst", prefix({ cut: true, full: false }), { aliases: ["ip-destination"] }),
    invertible("ip-tos", hex(2, U8, true)),
    invertible("ip-proto", protocol, { aliases: ["ip-protocol"] }),
    invertible("ip-sport", portRange, { aliases: ["ip-source-port"] }),
    invertible("ip-dport", portRange, { aliases: ["ip-destination-port"] }),
    invertible("ip-icmp-type", messageType(V4_TYPES)),
    invertible("ip-igmp-type", IGMP),
  ],
  check: (options, context) => {
    needs(IPV4, "IPv4")(context);
    above(options, "ip", { "ip-icmp-type": "icmp", "ip-igmp-type": "igmp" });
  },
});

const v6 = (kind: Kind): Kind => ({ ...kind, read: (word) => kind.read(word, { family: "ipv6" }) });

const ip6 = match("ip6", {
  families: BRIDGE,
  implicit: true,
  options: [
    invertible("ip6-src", v6(prefix({ cut: true, full: false })), { aliases: ["ip6-source"] }),
    invertible("ip6-dst", v6(prefix({ cut: true, full: false })), { aliases: ["ip6-destination"] }),
    invertible("ip6-tclass", hex(2, U8, true)),
    invertible("ip6-proto", protocol, { aliases: ["ip6-protocol"] }),
    invertible("ip6-sport", portRange, { aliases: ["ip6-source-port"] }),
    invertible("ip6-dport", portRange, { aliases: ["ip6-destination-port"] }),
    invertible("ip6-icmp-type", messageType(V6_TYPES)),
  ],
  check: (options, context) => {
    needs(IPV6, "IPv6")(context);
    above(options, "ip6", { "ip6-icmp-type": "ipv6-icmp" });
  },
});

const OPCODES = [
  "Request",
  "Reply",
  "Request_Reverse",
  "Reply_Reverse",
  "DRARP_Request",
  "DRARP_Reply",
  "DRARP_Error",
  "InARP_Request",
  "ARP_NAK",
];

const opcode: Kind = {
  what: `a number or one of ${OPCODES.join(", ")}`,
  read: (word) => {
    const named = OPCODES.find((each) => each.toLowerCase() === word.toLowerCase());
    const value = named ? OPCODES.indexOf(named) + 1 : Number(whole(word, 0, U16, "an opcode"));
    return OPCODES[value - 1] ?? String(value);
  },
};

const plainMacs = macMask({ names: "none" });

const arp = match("arp", {
  families: BRIDGE,
  implicit: true,
  options: [
    invertible("arp-op", opcode, { aliases: ["arp-opcode"] }),
    invertible("arp-htype", {
      what: "a hardware type",
      read: (word) =>
        word.toLowerCase() === "ethernet" ? "1" : String(whole(word, 0, U16, "a hardware type")),
    }),
    invertible("arp-ptype", {
      what: "a protocol type",
      read: (word) => {
        const type = etherType(word);
        if (type === undefined)
          throw new Refusal(`"${word}" is not a protocol type`, "0 to 0xffff, or a name");
        return `0x${type.toString(16)}`;
      },
    }),
    invertible("arp-ip-src", prefix({ cut: true, full: false })),
    invertible("arp-ip-dst", prefix({ cut: true, full: false })),
    invertible("arp-mac-src", plainMacs),
    invertible("arp-mac-dst", plainMacs),
    invertible("arp-gratuitous", []),
  ],
  check: (_options, context) => {
    if (context.protocol !== 0x8035) needs(ARP, "ARP")(context);
  },
});

const vlan = match("vlan", {
  families: BRIDGE,
  implicit: true,
  options: [
    invertible("vlan-id", number(0, 4094)),
    invertible("vlan-prio", number(0, 7)),
    invertible("vlan-encap", {
      what: "an EtherType",
      read: (word) => {
        const type = etherType(/^[0-9a-fA-F]+$/.test(word) ? `0x${word}` : word);
        if (type === undefined || type < 0x600)
          throw new Refusal(`"${word}" is not an EtherType`, "a name or 0x0600 to 0xffff");
        return type.toString(16).toUpperCase().padStart(4, "0");
      },
    }),
  ],
  check: (_options, context) => needs(VLAN, "802_1Q")(context),
});

const sap = match("802_3", {
  families: BRIDGE,
  implicit: true,
  options: [invertible("802_3-sap", hex(2, U8)), invertible("802_3-type", hex(4, U16))],
  check: (_options, context) => needs(LENGTH, "Length")(context),
});

const STP_RANGES: readonly (readonly [string, number])[] = [
  ["root-prio", U16],
  ["root-cost", U32],
  ["sender-prio", U16],
  ["port", U16],
  ["msg-age", U16],
  ["max-age", U16],
  ["hello-time", U16],
  ["forward-delay", U16],
];

const stpNumber = (name: string) => {
  const [, most = U16] = STP_RANGES.find(([each]) => each === name) ?? [];
  return invertible(`stp-${name}`, numberRange(most));
};

const bpdu = (what: string, names: Readonly<Record<string, number>>): Kind => ({
  what,
  read: (word) => {
    const value = names[word] ?? Number(whole(word, 0, U8, what));
    return Object.entries(names).find(([, each]) => each === value)?.[0] ?? String(value);
  },
});

const stp = match("stp", {
  families: BRIDGE,
  implicit: true,
  options: [
    invertible("stp-type", bpdu("a type of BPDU", { config: 0, tcn: 0x80 })),
    invertible("stp-flags", bpdu("flags of a BPDU", { "topology-change": 1, "topology-change-ack": 0x80 })),
    stpNumber("root-prio"),
    invertible("stp-root-addr", plainMacs),
    stpNumber("root-cost"),
    stpNumber("sender-prio"),
    invertible("stp-sender-addr", plainMacs),
    ...["port", "msg-age", "max-age", "hello-time", "forward-delay"].map(stpNumber),
  ],
});

const PACKETS = ["host", "broadcast", "multicast", "otherhost", "outgoing", "loopback", "fastroute"];

const pkttype = match("pkttype", {
  families: BRIDGE,
  implicit: true,
  options: [invertible("pkttype-type", oneOf(PACKETS, true))],
});

const maskedMark: Kind = {
  what: "VALUE[/MASK] or /MASK",
  read: (word, context) => {
    const [value = "", mask] = word.split("/");
    const shown = value === "" ? "" : hex32.read(value, context);
    return mask === undefined ? shown : `${shown}/${hex32.read(mask, context)}`;
  },
};

const markMatch = match("mark_m", {
  families: BRIDGE,
  implicit: true,
  options: [invertible("mark", maskedMark)],
});

const limit = match("limit", {
  families: BRIDGE,
  implicit: true,
  options: [
    option("limit", rate, { byDefault: () => ["3/hour"] }),
    option("limit-burst", number(1, 10000), { byDefault: () => ["5"] }),
  ],
});

/** Octets without leading zeros, as ebtables prints the members of a list. */
function amongMac(word: string): readonly [key: string, shown: string] {
  const padded = mac.read(word, { family: "ipv4" });
  return [
    padded,
    padded
      .split(":")
      .map((part) => Number.parseInt(part, 16).toString(16))
      .join(":"),
  ];
}

const among: Kind = {
  what: "MAC[=IP] entries with commas",
  read: (word) => {
    const entries = word
      .split(",")
      .filter((each) => each !== "")
      .map((each): readonly [string, string] => {
        const [address = "", host] = each.split("=");
        const [key, shown] = amongMac(address);
        if (host === undefined) return [key, shown];
        return [key, `${shown}=${prefix({ cut: false, full: false }).read(host, { family: "ipv4" })}`];
      });
    if (entries.length === 0) throw new Refusal("an empty list of addresses", "MAC[=IP] entries with commas");
    return entries
      .sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
      .map(([, shown]) => shown)
      .join(",");
  },
};

const amongMatch = match("among", {
  families: BRIDGE,
  implicit: true,
  options: [invertible("among-dst", among), invertible("among-src", among)],
  order: ["among-src", "among-dst"],
});

const LEVELS = ["emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"];

const level: Kind = {
  what: `0 to 7, or one of ${LEVELS.join(", ")}`,
  read: (word) => {
    if (LEVELS.includes(word)) return word;
    return LEVELS[Number(whole(word, 0, 7, "a log level"))] ?? word;
  },
};

const log = match("log", {
  families: BRIDGE,
  implicit: true,
  options: [
    flag("log", { silent: () => true }),
    option("log-level", level, { byDefault: () => ["notice"] }),
    option("log-prefix", { ...text(29), quoted: "always" }),
    flag("log-ip"),
    flag("log-arp"),
    flag("log-ip6"),
  ],
});

const nflog = match("nflog", {
  families: BRIDGE,
  implicit: true,
  options: [
    flag("nflog", { silent: () => true }),
    option("nflog-prefix", { ...text(63), quoted: "always" }),
    option("nflog-group", number(0, U16), { byDefault: () => ["1"] }),
    option("nflog-range", number(0, U32)),
    option("nflog-threshold", number(0, U16)),
  ],
});

export const BRIDGE_MATCHES: readonly Extension[] = [
  header,
  ip,
  ip6,
  arp,
  vlan,
  sap,
  stp,
  pkttype,
  markMatch,
  limit,
  amongMatch,
  log,
  nflog,
];
