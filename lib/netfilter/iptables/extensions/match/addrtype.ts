import type { AddressType, Match } from "../../../model/match";
import { RuleSyntaxError } from "../../rule-syntax-error";
import type { ValueType } from "../../values/value-type";
import { flag, invertible, match } from "../declare";
import type { Options } from "../extension";
import { first } from "../option-values";

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

/** Finds a type by the start of its name. iptables uses the first type that starts so. */
const shortened = (word: string): AddressType | undefined =>
  word === "" ? undefined : TYPES.find((type) => type.startsWith(word));

const typeList: ValueType = {
  expected: `a list of ${TYPES.join(", ")}`,
  read: (word) => {
    const wanted = word.split(",").map((each) => {
      const known = TYPES.find((type) => type === each.toUpperCase()) ?? shortened(each.toUpperCase());
      if (!known) throw new RuleSyntaxError(`"${each}" is not an address type`, TYPES.join(", "));
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

/** Types that IPv6 addresses cannot have (xt_addrtype.c, match_type6). */
const V4_ONLY: readonly AddressType[] = ["BROADCAST", "BLACKHOLE", "PROHIBIT", "THROW", "NAT", "XRESOLVE"];

/** Matches addresses by their type in the routing tables, such as LOCAL or BROADCAST (xt_addrtype.c). */
export const addrtype = match("addrtype", {
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
      throw new RuleSyntaxError(
        `IPv6 addresses have no type ${wrong}`,
        TYPES.filter((type) => !V4_ONLY.includes(type)).join(", "),
      );
  },
  toMatches: addressTypes,
});
