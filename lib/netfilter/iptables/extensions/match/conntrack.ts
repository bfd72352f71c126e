import type { ConnectionState, Match } from "../../../model/match";
import { readProtocol } from "../../read/base-options";
import { numberRange, oneOf, U32 } from "../../values/numbers";
import { decimalPortRange } from "../../values/ports";
import { prefix, readPrefix } from "../../values/prefix";
import { type Extension, invertible, type Kind, match, type Options, option, Refusal } from "../declare";
import { first, range } from "../option-values";

const STATES: readonly ConnectionState[] = [
  "INVALID",
  "NEW",
  "RELATED",
  "ESTABLISHED",
  "UNTRACKED",
  "SNAT",
  "DNAT",
];

const STATUS = ["EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED"];

/** A list that prints in the order of `words`, whatever order it was written in. */
function ordered(words: readonly string[], least?: string): Kind {
  const what = `a list of ${words.join(", ")}`;
  return {
    what,
    read: (word) => {
      const wanted = new Set<string>();
      for (const each of word.split(",")) {
        const upper = each.toUpperCase();
        const known =
          each === "" ? undefined : [...words, least ?? ""].find((name) => name.startsWith(upper));
        if (known === undefined) throw new Refusal(`"${each}" is not known here`, what);
        wanted.add(known);
      }
      return words.filter((each) => wanted.has(each)).join(",") || (least ?? "");
    },
  };
}

const states = (value: string): readonly ConnectionState[] => {
  const listed = value.split(",");
  return STATES.filter((state) => listed.includes(state));
};

const protocol: Kind = {
  what: "a protocol",
  read: (word) => {
    const number = readProtocol(word);
    if (number === 0) throw new Refusal("no connection has protocol 0", "a protocol other than all");
    return String(number);
  },
};

const ADDRESSES = [
  ["ctorigsrc", "original", "source"],
  ["ctorigdst", "original", "destination"],
  ["ctreplsrc", "reply", "source"],
  ["ctrepldst", "reply", "destination"],
] as const;

function lowerConntrack(options: Options, context: Parameters<typeof readPrefix>[1]): readonly Match[] {
  const matches: Match[] = [];
  const state = options.has("ctstate") ? ({ withState: true } as const) : {};
  for (const [name, { inverted, values }] of options) {
    const value = values[0] ?? "";
    const address = ADDRESSES.find(([each]) => each === name);
    const port = ADDRESSES.find(([each]) => `${each}port` === name);
    if (address) {
      const [, tuple, side] = address;
      matches.push({
        kind: "ctAddress",
        inverted,
        ...state,
        tuple,
        side,
        prefix: readPrefix(value, context),
      });
    } else if (port) {
      const [, tuple, side] = port;
      matches.push({ kind: "ctPort", inverted, ...state, tuple, side, ports: range(value) });
    } else if (name === "ctstate") matches.push({ kind: "ctState", inverted, states: states(value) });
    else if (name === "ctproto") matches.push({ kind: "ctProtocol", inverted, ...state, protocol: value });
    else if (name === "ctexpire")
      matches.push({ kind: "ctExpire", inverted, ...state, seconds: range(value) });
    else if (name === "ctstatus")
      matches.push({
        kind: "ctStatus",
        inverted,
        ...state,
        status: value === "NONE" ? [] : value.split(","),
      });
    else if (name === "ctdir")
      matches.push({
        kind: "ctDirection",
        inverted,
        ...state,
        direction: value === "REPLY" ? "REPLY" : "ORIGINAL",
      });
  }
  return matches;
}

const network = prefix({ cut: false, full: false, host: true });

/** iptables-save has no spelling for a mask with holes: it prints the address alone (libxt_conntrack.c). */
const shown = (value: string): string => {
  const [address = "", mask = ""] = value.split("/");
  return /^[0-9]*$/.test(mask) ? value : address;
};

const conntrack = match("conntrack", {
  options: [
    invertible("ctstate", ordered(STATES)),
    invertible("ctproto", protocol),
    ...ADDRESSES.map(([name]) => invertible(name, { ...network, shown })),
    ...ADDRESSES.map(([name]) => invertible(`${name}port`, decimalPortRange)),
    invertible("ctstatus", ordered(STATUS, "NONE")),
    invertible("ctexpire", numberRange(U32)),
    option("ctdir", oneOf(["ORIGINAL", "REPLY"], true)),
  ],
  oneOf: [
    "ctstate",
    "ctproto",
    ...ADDRESSES.map(([name]) => name),
    ...ADDRESSES.map(([name]) => `${name}port`),
    "ctstatus",
    "ctexpire",
    "ctdir",
  ],
  lower: lowerConntrack,
});

const state = match("state", {
  options: [
    invertible("state", ordered(["INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED"]), {
      required: true,
    }),
  ],
  lower: (options) => [
    {
      kind: "ctState",
      inverted: options.get("state")?.inverted ?? false,
      states: states(first(options, "state")),
    },
  ],
});

export const CONNTRACK_MATCHES: readonly Extension[] = [conntrack, state];
