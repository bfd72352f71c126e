import type { Action } from "../../../model/action";
import type { Match } from "../../../model/match";
import { masked, tos } from "../../values/marks";
import { number, numberRange, readNumber, U8, U16 } from "../../values/numbers";
import {
  type Extension,
  flag,
  type Given,
  invertible,
  type Kind,
  match,
  type Options,
  option,
  Refusal,
  target,
  type Use,
} from "../declare";
import { first, inverted, range } from "../option-values";
import { note } from "../shared/side-effect-target";

const TTL_TESTS = ["eq", "lt", "gt"] as const;

/** `ttl` of IPv4 and `hl` of IPv6: the same test under two names. */
function timeToLive(name: "ttl" | "hl", family: "ipv4" | "ipv6"): Extension {
  const names = TTL_TESTS.map((test) => `${name}-${test}`);
  const others = (own: string): readonly string[] => names.filter((each) => each !== own);
  return match(name, {
    families: [family],
    oneOf: names,
    options: [
      invertible(`${name}-eq`, number(0, U8), { aliases: [name], excludes: others(`${name}-eq`) }),
      option(`${name}-lt`, number(0, U8), { excludes: others(`${name}-lt`) }),
      option(`${name}-gt`, number(0, U8), { excludes: others(`${name}-gt`) }),
    ],
    lower: (options) =>
      TTL_TESTS.flatMap((test): Match[] => {
        const given = options.get(`${name}-${test}`);
        if (!given) return [];
        const value = Number(given.values[0]);
        const ttl =
          test === "eq"
            ? { from: value, to: value }
            : test === "lt"
              ? { from: 0, to: value - 1 }
              : { from: value + 1, to: 255 };
        return [{ kind: "ttl", inverted: given.inverted, ttl }];
      }),
  });
}

function setTimeToLive(name: "TTL" | "HL", family: "ipv4" | "ipv6"): Extension {
  const lower = name.toLowerCase();
  const names = ["set", "dec", "inc"].map((change) => `${lower}-${change}`);
  const others = (own: string): readonly string[] => names.filter((each) => each !== own);
  return target(name, {
    families: [family],
    tables: ["mangle"],
    oneOf: names,
    options: names.map((each) =>
      option(each, number(each.endsWith("set") ? 0 : 1, U8), { excludes: others(each) }),
    ),
    act: (options): Action => {
      const change =
        (["set", "dec", "inc"] as const).find((each) => options.has(`${lower}-${each}`)) ?? "set";
      return { kind: "ttl", change, by: Number(first(options, `${lower}-${change}`)) };
    },
  });
}

const tosMatch = match("tos", {
  options: [invertible("tos", tos(), { required: true })],
  lower: (options) => [
    { kind: "tos", inverted: inverted(options, "tos"), tos: masked(first(options, "tos")) },
  ],
});

const CLASSES: readonly (readonly [string, number])[] = [
  ["BE", 0],
  ["EF", 0x2e],
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((each): [string, number] => [`CS${each}`, each * 8]),
  ...[1, 2, 3, 4].flatMap((each) =>
    [1, 2, 3].map((drop): [string, number] => [`AF${each}${drop}`, each * 8 + drop * 2]),
  ),
];

const dscpValue: Kind = {
  what: "a DSCP value, 0 to 0x3f",
  read: (word) => {
    const value = readNumber(word);
    if (value === undefined || value > 63n) throw new Refusal(`"${word}" is not a DSCP value`, "0 to 0x3f");
    return `0x${value.toString(16).padStart(2, "0")}`;
  },
};

const dscpClass: Kind = {
  what: "a class such as EF, CS1 or AF21",
  read: (word) => {
    // What stands behind the name is not looked at.
    const found = CLASSES.find(([name]) => word.toUpperCase().startsWith(name));
    if (!found) throw new Refusal(`"${word}" is not a DiffServ class`, "BE, EF, CS0 to CS7, AF11 to AF43");
    return `0x${found[1].toString(16).padStart(2, "0")}`;
  },
};

const as =
  (name: string) =>
  (given: Given): readonly [string, Given] => [name, given];

const dscpBits = (options: Options, name: string): { value: number; mask: number } => ({
  value: Number(first(options, name)) << 2,
  mask: 0xfc,
});

const dscp = match("dscp", {
  oneOf: ["dscp"],
  options: [invertible("dscp", dscpValue), invertible("dscp-class", dscpClass, { becomes: as("dscp") })],
  lower: (options) => [{ kind: "tos", inverted: inverted(options, "dscp"), tos: dscpBits(options, "dscp") }],
});

const length = match("length", {
  options: [invertible("length", numberRange(U16), { required: true })],
  lower: (options) => [
    { kind: "length", inverted: inverted(options, "length"), bytes: range(first(options, "length")) },
  ],
});

const hex2 = (value: number): string => `0x${(value & 255).toString(16).padStart(2, "0")}`;

const bits = number(0, U8, "a byte");

const tosForm =
  (value: (byte: number) => number, mask: (byte: number) => number) =>
  (given: Given): readonly [string, Given] => {
    const byte = Number(given.values[0]);
    return ["set-tos", { inverted: false, values: [`${hex2(value(byte))}/${hex2(mask(byte))}`] }];
  };

const TOS = target("TOS", {
  tables: ["mangle"],
  oneOf: ["set-tos"],
  options: [
    option("set-tos", tos()),
    option("and-tos", bits, {
      becomes: tosForm(
        () => 0,
        (byte) => ~byte,
      ),
    }),
    option("or-tos", bits, {
      becomes: tosForm(
        (byte) => byte,
        (byte) => byte,
      ),
    }),
    option("xor-tos", bits, {
      becomes: tosForm(
        (byte) => byte,
        () => 0,
      ),
    }),
  ],
  act: (options): Action => ({ kind: "tos", tos: masked(first(options, "set-tos")) }),
});

const DSCP = target("DSCP", {
  tables: ["mangle"],
  oneOf: ["set-dscp"],
  options: [option("set-dscp", dscpValue), option("set-dscp-class", dscpClass, { becomes: as("set-dscp") })],
  act: (options): Action => ({ kind: "tos", tos: dscpBits(options, "set-dscp") }),
});

const ECN = target("ECN", {
  families: ["ipv4"],
  tables: ["mangle"],
  oneOf: ["ecn-tcp-remove", "ecn-tcp-cwr", "ecn-tcp-ece", "ecn-ip-ect"],
  options: [
    flag("ecn-tcp-remove", { excludes: ["ecn-tcp-cwr", "ecn-tcp-ece"] }),
    option("ecn-tcp-ece", number(0, 1)),
    option("ecn-tcp-cwr", number(0, 1)),
    option("ecn-ip-ect", number(0, 3)),
  ],
  check: (options, context) => {
    const tcp = ["ecn-tcp-remove", "ecn-tcp-cwr", "ecn-tcp-ece"].some((name) => options.has(name));
    if (tcp && context.protocol !== 6) throw new Refusal("the TCP bits of ECN need TCP", "-p tcp");
    // To remove is to set both bits to 0, and only by itself it prints as it was written.
    if (!options.has("ecn-tcp-remove") || !options.has("ecn-ip-ect")) return;
    options.delete("ecn-tcp-remove");
    for (const name of ["ecn-tcp-ece", "ecn-tcp-cwr"]) options.set(name, { inverted: false, values: ["0"] });
  },
  act: note("ECN"),
});

const asksForSyn = ({ extension, options }: Use): boolean => {
  const flags = extension.name === "tcp" ? options.get("tcp-flags") : undefined;
  return flags !== undefined && !flags.inverted && (flags.values[1] ?? "").split(",").includes("SYN");
};

/** What is left of the largest packet behind its IP header. */
const segment: Kind = {
  what: "a segment size",
  read: (word, context) => number(0, U16 - (context.family === "ipv6" ? 40 : 20)).read(word, context),
};

const TCPMSS = target("TCPMSS", {
  protocols: [6],
  oneOf: ["set-mss", "clamp-mss-to-pmtu"],
  options: [option("set-mss", segment), flag("clamp-mss-to-pmtu")],
  hooks: (options) => (options.has("clamp-mss-to-pmtu") ? ["FORWARD", "OUTPUT", "POSTROUTING"] : undefined),
  // The option that comes last counts.
  check: (options) => {
    const [earlier, later] = [...options.keys()];
    if (later !== undefined && earlier !== undefined) options.delete(earlier);
  },
  demands: (matches) =>
    matches.some(asksForSyn)
      ? undefined
      : new Refusal(
          "TCPMSS without a match for SYN",
          "--syn or --tcp-flags with SYN",
          "Only iptables-legacy insists on it.",
          "legacy",
        ),
  act: note("TCPMSS"),
});

const TCP_OPTIONS: Readonly<Record<string, number>> = {
  wscale: 3,
  mss: 2,
  "sack-permitted": 4,
  sack: 5,
  timestamp: 8,
  md5: 19,
};

const stripped: Kind = {
  what: "TCP options by number or name",
  read: (word) => {
    const numbers = new Set<number>();
    for (const each of word.split(",")) {
      const known = TCP_OPTIONS[each];
      const value = known === undefined ? readNumber(each) : BigInt(known);
      if (value !== undefined && value < 2n)
        throw new Refusal(`TCP option ${value} cannot be stripped`, "2 to 255");
      if (value !== undefined && numbers.has(Number(value)))
        throw new Refusal(`TCP option ${each} is named twice`, "each option once");
      if (value === undefined || value > 255)
        throw new Refusal(`"${each}" is not a TCP option`, Object.keys(TCP_OPTIONS).join(", "));
      numbers.add(Number(value));
    }
    return [...numbers].sort((one, other) => one - other).join(",");
  },
};

const TCPOPTSTRIP = target("TCPOPTSTRIP", {
  tables: ["mangle"],
  protocols: [6],
  options: [option("strip-options", stripped)],
  act: note("TCPOPTSTRIP"),
});

const CHECKSUM = target("CHECKSUM", {
  tables: ["mangle"],
  options: [flag("checksum-fill", { required: true })],
  act: note("CHECKSUM"),
});

export const HEADER_EXTENSIONS: readonly Extension[] = [
  timeToLive("ttl", "ipv4"),
  timeToLive("hl", "ipv6"),
  setTimeToLive("TTL", "ipv4"),
  setTimeToLive("HL", "ipv6"),
  tosMatch,
  dscp,
  length,
  TOS,
  DSCP,
  ECN,
  TCPMSS,
  TCPOPTSTRIP,
  CHECKSUM,
];
