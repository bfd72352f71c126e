import type { AddressType, Match } from "../../../model/match";
import { interfaceName } from "../../read/base-options";
import { oneOf, text } from "../../values/numbers";
import { mac, readAddress, readPadded } from "../../values/prefix";
import {
  type Extension,
  flag,
  invertible,
  type Kind,
  match,
  type Options,
  option,
  Refusal,
} from "../declare";
import { first, inverted } from "../option-values";

const TYPES: readonly AddressType[] = [
  "UNSPEC",
  "UNICAST",
  "LOCAL",
  "BROADCAST",
  "ANYCAST",
  "MULTICAST",
  "BLACKHOLE",
  "UNREACHABLE",
  "PROHIBIT",
  "THROW",
  "NAT",
  "XRESOLVE",
];

/** A name may be cut short; where several begin so, iptables takes the first. */
const shortened = (word: string): AddressType | undefined =>
  word === "" ? undefined : TYPES.find((type) => type.startsWith(word));

const typeList: Kind = {
  what: `a list of ${TYPES.join(", ")}`,
  read: (word) => {
    const wanted = word.split(",").map((each) => {
      const known = TYPES.find((type) => type === each.toUpperCase()) ?? shortened(each.toUpperCase());
      if (!known) throw new Refusal(`"${each}" is not an address type`, TYPES.join(", "));
      return known;
    });
    return TYPES.filter((type) => wanted.includes(type)).join(",");
  },
};

function addressTypes(options: Options): readonly Match[] {
  const limitTo = options.has("limit-iface-in") ? "in" : options.has("limit-iface-out") ? "out" : undefined;
  const matches: Match[] = [];
  for (const [name, side] of [
    ["src-type", "source"],
    ["dst-type", "destination"],
  ] as const) {
    const given = options.get(name);
    if (!given) continue;
    const listed = first(options, name).split(",");
    const types = TYPES.filter((type) => listed.includes(type));
    matches.push({
      kind: "addressType",
      inverted: given.inverted,
      side,
      types,
      ...(limitTo ? { limitTo } : {}),
    });
  }
  return matches;
}

/** Types that the kernel does not ask of an IPv6 address (net/netfilter/xt_addrtype.c). */
const V4_ONLY: readonly AddressType[] = ["BROADCAST", "BLACKHOLE", "PROHIBIT", "THROW", "NAT", "XRESOLVE"];

const addrtype = match("addrtype", {
  oneOf: ["src-type", "dst-type"],
  options: [
    invertible("src-type", typeList),
    invertible("dst-type", typeList),
    flag("limit-iface-in", { excludes: ["limit-iface-out"] }),
    flag("limit-iface-out", { excludes: ["limit-iface-in"] }),
  ],
  hooks: (options) =>
    options.has("limit-iface-in")
      ? ["PREROUTING", "INPUT", "FORWARD"]
      : options.has("limit-iface-out")
        ? ["FORWARD", "OUTPUT", "POSTROUTING"]
        : undefined,
  check: (options, { family }) => {
    if (family !== "ipv6") return;
    const asked = ["src-type", "dst-type"].flatMap((name) => first(options, name).split(","));
    const wrong = asked.find((each) => V4_ONLY.some((type) => type === each));
    if (wrong)
      throw new Refusal(
        `no IPv6 address is ${wrong}`,
        TYPES.filter((type) => !V4_ONLY.includes(type)).join(", "),
      );
  },
  lower: addressTypes,
});

/** A range may run backwards; no address lies in it. */
const addressSpan: Kind = {
  what: "ADDRESS-ADDRESS",
  read: (word, context) => {
    const dash = word.indexOf("-");
    const low = dash < 0 ? word : word.slice(0, dash);
    const high = dash < 0 ? undefined : word.slice(dash + 1);
    const from = readAddress(low, context, readPadded);
    const to = high === undefined ? from : readAddress(high, context, readPadded);
    return `${from}-${to}`;
  },
};

const iprange = match("iprange", {
  oneOf: ["src-range", "dst-range"],
  options: [invertible("src-range", addressSpan), invertible("dst-range", addressSpan)],
  lower: (options) =>
    (["src-range", "dst-range"] as const).flatMap((name): Match[] => {
      if (!options.has(name)) return [];
      const [from = "", to = ""] = first(options, name).split("-");
      const side = name === "src-range" ? "source" : "destination";
      return [{ kind: "addressRange", inverted: inverted(options, name), side, from, to }];
    }),
});

const macMatch = match("mac", {
  hooks: ["PREROUTING", "INPUT", "FORWARD"],
  options: [invertible("mac-source", mac, { required: true })],
  lower: (options) => [
    { kind: "mac", inverted: inverted(options, "mac-source"), address: first(options, "mac-source") },
  ],
});

const KINDS = ["unicast", "broadcast", "multicast"] as const;

const pkttype = match("pkttype", {
  options: [
    invertible(
      "pkt-type",
      {
        what: oneOf(KINDS).what,
        read: (word, context) => {
          const same: Record<string, string> = { bcast: "broadcast", mcast: "multicast", host: "unicast" };
          return oneOf(KINDS, true).read(same[word.toLowerCase()] ?? word, context);
        },
      },
      { required: true },
    ),
  ],
  lower: (options) => {
    const type = KINDS.find((each) => each === first(options, "pkt-type")) ?? "unicast";
    return [{ kind: "pktType", inverted: inverted(options, "pkt-type"), type }];
  },
});

const PHYSDEV = [
  "physdev-in",
  "physdev-is-in",
  "physdev-out",
  "physdev-is-out",
  "physdev-is-bridged",
] as const;

function physdevs(options: Options): readonly Match[] {
  const none = { kind: "physdev", isIn: false, isOut: false, isBridged: false } as const;
  return PHYSDEV.flatMap((name): Match[] => {
    const given = options.get(name);
    if (!given) return [];
    const turned = { ...none, inverted: given.inverted };
    const device = given.values[0] ?? "";
    if (name === "physdev-in") return [{ ...turned, in: device }];
    if (name === "physdev-out") return [{ ...turned, out: device }];
    if (name === "physdev-is-in") return [{ ...turned, isIn: true }];
    if (name === "physdev-is-out") return [{ ...turned, isOut: true }];
    return [{ ...turned, isBridged: true }];
  });
}

const physdev = match("physdev", {
  oneOf: PHYSDEV,
  options: [
    invertible("physdev-is-in", []),
    invertible("physdev-in", interfaceName),
    invertible("physdev-is-out", []),
    invertible("physdev-out", interfaceName),
    invertible("physdev-is-bridged", []),
  ],
  hooks: (options) => {
    const outgoing = options.has("physdev-out") || options.has("physdev-is-out");
    const bridged = options.get("physdev-is-bridged");
    return outgoing && (!bridged || bridged.inverted)
      ? ["PREROUTING", "INPUT", "FORWARD", "POSTROUTING"]
      : undefined;
  },
  lower: physdevs,
});

const comment = match("comment", {
  options: [option("comment", text(255, true, 0), { required: true })],
  lower: (options) => [{ kind: "comment", text: first(options, "comment") }],
});

export const PLACE_MATCHES: readonly Extension[] = [addrtype, iprange, macMatch, pkttype, physdev, comment];
