import type { Match, Range } from "../../../model/match";
import type { TcpFlag } from "../../../model/packet";
import { coversAll, number, numberRange, oneOf, U8, U16, U32 } from "../../values/numbers";
import { decimalPortRange, portRange, readPort } from "../../values/ports";
import {
  type Extension,
  type Given,
  invertible,
  type Kind,
  match,
  type Options,
  option,
  Refusal,
} from "../declare";
import { first, range } from "../option-values";

const sides = (range: Kind, rest: { readonly silent?: (given: Given) => boolean } = {}) => [
  invertible("sport", range, { aliases: ["source-port"], ...rest }),
  invertible("dport", range, { aliases: ["destination-port"], ...rest }),
];

/** tcp and udp are silent about a range that covers all; sctp and dccp print it (iptables 1.8.9). */
const SILENT = { silent: coversAll(U16) };

function ports(options: Options, protocol: string): Match[] {
  const matches: Match[] = [];
  for (const [name, side] of [
    ["sport", "source"],
    ["dport", "destination"],
  ] as const) {
    const given = options.get(name);
    if (given)
      matches.push({
        kind: "port",
        inverted: given.inverted,
        side,
        protocol,
        ports: [range(first(options, name))],
      });
  }
  return matches;
}

const FLAGS: readonly TcpFlag[] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];

const flagList: Kind = {
  what: "TCP flags such as SYN,ACK, or ALL or NONE",
  read: (word) => {
    const wanted = new Set<string>();
    for (const each of word.split(",")) {
      const name = each.toUpperCase();
      if (name === "") continue;
      if (name === "ALL") for (const known of FLAGS) wanted.add(known);
      else if (FLAGS.some((known) => known === name)) wanted.add(name);
      else if (name !== "NONE")
        throw new Refusal(`"${each}" is not a TCP flag`, `${FLAGS.join(", ")}, ALL or NONE`);
    }
    const shown = FLAGS.filter((known) => wanted.has(known));
    return shown.length === 0 ? "NONE" : shown.join(",");
  },
};

const flags = (value: string): readonly TcpFlag[] =>
  FLAGS.filter((known) => value.split(",").includes(known));

const ALL_PORTS = `0:${U16}`;

/** A match that was given nothing, or what any packet fulfils, stays one of x_tables (nft.c, tcp_all_zero). */
const asksNothing = (options: Options): boolean =>
  [...options.values()].every(
    ({ inverted, values }) => !inverted && (values[0] === ALL_PORTS || values.join() === "NONE,NONE"),
  );

/**
 * Ports as nftables compares them, read back (nft-shared.c, port_match_single_to_range): all ports are not compared, and
 * from 0 on only the end is, so that `! 0:N` becomes what lies above N.
 */
function expressedPorts(options: Options, before: Options): [string, Given][] {
  return ["sport", "dport"].flatMap((name): [string, Given][] => {
    const given = options.get(name);
    const value = given?.values[0] ?? ALL_PORTS;
    if (!given || (value === ALL_PORTS && !given.inverted)) return [];
    const was = before.get(name);
    const inverted = was?.inverted === true;
    const { from, to } = range(value);
    if (from > 0 || to === 0 || to === U16)
      return [[name, { inverted: inverted || given.inverted, values: [value] }]];
    const kept = range(was?.values[0] ?? ALL_PORTS);
    const [low, high] = given.inverted ? [to + 1, kept.to] : [kept.from, to];
    return [[name, { inverted, values: [low === high ? String(low) : `${low}:${high}`] }]];
  });
}

function expressedFlags(options: Options, before: Options): [string, Given][] {
  const given = options.get("tcp-flags");
  if (!given || given.values[0] === "NONE") return [];
  const inverted = given.inverted || before.get("tcp-flags")?.inverted === true;
  return [["tcp-flags", { inverted, values: given.values }]];
}

const tcp = match("tcp", {
  protocols: [6],
  options: [
    ...sides(portRange, SILENT),
    invertible("tcp-option", number(1, U8, "a TCP option's number")),
    invertible("tcp-flags", [flagList, flagList], {
      silent: (given) => !given.inverted && given.values[0] === "NONE",
    }),
    invertible("syn", [], {
      becomes: (given) => ["tcp-flags", { inverted: given.inverted, values: ["FIN,SYN,RST,ACK", "SYN"] }],
    }),
  ],
  expressed: (options, before) =>
    options.has("tcp-option") || asksNothing(options)
      ? undefined
      : new Map([...before, ...expressedPorts(options, before), ...expressedFlags(options, before)]),
  lower: (options) => {
    const matches = ports(options, "tcp");
    const given = options.get("tcp-flags");
    if (given)
      matches.push({
        kind: "tcpFlags",
        inverted: given.inverted,
        mask: flags(given.values[0] ?? ""),
        set: flags(given.values[1] ?? ""),
      });
    if (options.has("tcp-option"))
      matches.push({
        kind: "opaque",
        extension: "tcp",
        text: `--tcp-option ${first(options, "tcp-option")}`,
      });
    return matches;
  },
});

const udp = match("udp", {
  protocols: [17],
  options: sides(decimalPortRange, SILENT),
  expressed: (options, before) =>
    asksNothing(options) ? undefined : new Map([...before, ...expressedPorts(options, before)]),
  lower: (options) => ports(options, "udp"),
});

/** Protocols that multiport can look into. */
const WITH_PORTS = [6, 17, 136, 132, 33];

const portList: Kind = {
  what: "at most 15 ports, or ranges FROM:TO, which count twice",
  read: (word, context) => {
    const entries = word.split(",").map((entry) => {
      const [from = "", to, ...more] = entry.split(":");
      if (more.length > 0) throw new Refusal(`"${entry}" has too many parts`, "PORT or FROM:TO");
      const low = readPort(from, context);
      if (to === undefined) return String(low);
      const high = readPort(to, context);
      if (low >= high) throw new Refusal(`port range "${entry}" is empty`, "the smaller port first");
      return `${low}:${high}`;
    });
    const used = entries.reduce((sum, entry) => sum + (entry.includes(":") ? 2 : 1), 0);
    if (used > 15) throw new Refusal(`${used} ports are too many`, "at most 15, where a range counts as two");
    return entries.join(",");
  },
};

const SIDES = ["sports", "dports", "ports"] as const;

const multiport = match("multiport", {
  protocols: WITH_PORTS,
  oneOf: SIDES,
  options: [
    invertible("sports", portList, { aliases: ["source-ports"], excludes: ["dports", "ports"] }),
    invertible("dports", portList, { aliases: ["destination-ports"], excludes: ["sports", "ports"] }),
    invertible("ports", portList, { excludes: ["sports", "dports"] }),
  ],
  lower: (options) => {
    const matches: Match[] = [];
    for (const name of SIDES) {
      const given = options.get(name);
      if (!given) continue;
      const alternatives: readonly Range[] = first(options, name)
        .split(",")
        .map((each) => range(each));
      const side = name === "sports" ? "source" : name === "dports" ? "destination" : "either";
      matches.push({ kind: "port", inverted: given.inverted, side, ports: alternatives });
    }
    return matches;
  },
});

const spiRange = numberRange(U32);

const spi = (name: string, protocol: number, families: Extension["families"] = ["ipv4", "ipv6"]): Extension =>
  match(name, {
    families,
    protocols: [protocol],
    options: [invertible(`${name}spi`, spiRange, { silent: coversAll(U32) })],
  });

const esp = spi("esp", 50);
const ah = spi("ah", 51, ["ipv4"]);
const ipcomp = match("ipcomp", {
  protocols: [108],
  options: [
    invertible("ipcompspi", spiRange, { silent: coversAll(U32), byDefault: () => ["0"] }),
    option("compres", [], {}),
  ],
});

const tcpmss = match("tcpmss", {
  protocols: [6],
  options: [invertible("mss", numberRange(U16), { required: true })],
});

const ecn = match("ecn", {
  options: [
    invertible("ecn-tcp-ece", []),
    invertible("ecn-tcp-cwr", []),
    invertible("ecn-ip-ect", number(0, 3)),
  ],
  oneOf: ["ecn-tcp-ece", "ecn-tcp-cwr", "ecn-ip-ect"],
  order: ["ecn-tcp-ece", "ecn-tcp-cwr", "ecn-ip-ect"],
  check: (options, context) => {
    if ((options.has("ecn-tcp-ece") || options.has("ecn-tcp-cwr")) && context.protocol !== 6)
      throw new Refusal("-m ecn looks into TCP", "-p tcp");
  },
});

export const DCCP_TYPES = [
  "REQUEST",
  "RESPONSE",
  "DATA",
  "ACK",
  "DATAACK",
  "CLOSEREQ",
  "CLOSE",
  "RESET",
  "SYNC",
  "SYNCACK",
  "INVALID",
] as const;

const dccpTypes: Kind = {
  what: `a list of ${DCCP_TYPES.join(", ")}`,
  read: (word) => {
    const wanted = new Set(
      word.split(",").map((each) => oneOf(DCCP_TYPES, true).read(each, { family: "ipv4" })),
    );
    return DCCP_TYPES.filter((each) => wanted.has(each)).join(",");
  },
};

const dccp = match("dccp", {
  protocols: [33],
  options: [
    ...sides(decimalPortRange),
    invertible("dccp-types", dccpTypes),
    invertible("dccp-option", number(1, U8)),
  ],
  lower: (options) => [
    ...ports(options, "dccp"),
    ...(["dccp-types", "dccp-option"] as const)
      .filter((name) => options.has(name))
      .map(
        (name): Match => ({ kind: "opaque", extension: "dccp", text: `--${name} ${first(options, name)}` }),
      ),
  ],
});

const CHUNKS: Readonly<Record<string, number>> = {
  DATA: 0,
  INIT: 1,
  INIT_ACK: 2,
  SACK: 3,
  HEARTBEAT: 4,
  HEARTBEAT_ACK: 5,
  ABORT: 6,
  SHUTDOWN: 7,
  SHUTDOWN_ACK: 8,
  ERROR: 9,
  COOKIE_ECHO: 10,
  COOKIE_ACK: 11,
  ECN_ECNE: 12,
  ECN_CWR: 13,
  SHUTDOWN_COMPLETE: 14,
  I_DATA: 64,
  RE_CONFIG: 130,
  PAD: 132,
  ASCONF: 193,
  ASCONF_ACK: 128,
  FORWARD_TSN: 192,
  I_FORWARD_TSN: 194,
};

/** Flags that a chunk type has, by bit from 7 down to 0 as libxt_sctp names them. */
const CHUNK_FLAGS: Readonly<Record<string, string>> = {
  DATA: "----IUBE",
  I_DATA: "----IUBE",
  ABORT: "-------T",
  SHUTDOWN_COMPLETE: "-------T",
};

/** Each flag once, in the order of its bit: as a capital where it was given as one. */
const chunkFlags = (allowed: string, bits: string): string =>
  [...allowed]
    .filter((flag) => bits.toUpperCase().includes(flag))
    .map((flag) => (bits.includes(flag) ? flag : flag.toLowerCase()))
    .join("");

const chunkList: Kind = {
  what: "chunk types such as DATA,INIT, or ALL or NONE",
  read: (word) => {
    if (/^(?:ALL|NONE)$/i.test(word)) return word.toUpperCase();
    const found = new Map<string, string>();
    for (const each of word.split(",").filter((entry) => entry !== "")) {
      const [name = "", bits = ""] = each.split(":");
      const known = Object.keys(CHUNKS).find((chunk) => chunk === name.toUpperCase());
      if (known === undefined)
        throw new Refusal(`"${name}" is not an SCTP chunk`, Object.keys(CHUNKS).join(", "));
      const allowed = (CHUNK_FLAGS[known] ?? "").replaceAll("-", "");
      for (const bit of bits)
        if (!allowed.includes(bit.toUpperCase()))
          throw new Refusal(`chunk ${known} has no flag "${bit}"`, allowed || "no flags");
      found.set(known, chunkFlags(allowed, `${found.get(known) ?? ""}${bits}`));
    }
    const number = ([name]: readonly [string, string]): number => CHUNKS[name] ?? 0;
    const shown = [...found]
      .sort((one, other) => number(one) - number(other))
      .map(([name, bits]) => (bits === "" ? name : `${name}:${bits}`));
    return shown.join(",") || "NONE";
  },
};

const sctp = match("sctp", {
  protocols: [132],
  options: [...sides(portRange), invertible("chunk-types", [oneOf(["any", "all", "only"], true), chunkList])],
  order: ["sport", "dport", "chunk-types"],
  lower: (options) => {
    const matches = ports(options, "sctp");
    const given = options.get("chunk-types");
    if (given)
      matches.push({
        kind: "opaque",
        extension: "sctp",
        text: `${given.inverted ? "! " : ""}--chunk-types ${given.values.join(" ")}`,
      });
    return matches;
  },
});

export const PORT_MATCHES: readonly Extension[] = [
  tcp,
  udp,
  multiport,
  esp,
  ah,
  ipcomp,
  tcpmss,
  ecn,
  dccp,
  sctp,
];
