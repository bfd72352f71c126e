import type { Match } from "../../../model/match";
import { RuleSyntaxError } from "../../rule-syntax-error";
import { prefix, readPrefix } from "../../values/address/prefix";
import { oneOf } from "../../values/list";
import { U32 } from "../../values/number";
import { decimalPortRange } from "../../values/port";
import { readProtocol } from "../../values/protocol";
import { numberRange, parseRange } from "../../values/range";
import type { ValueType } from "../../values/value-type";
import { invertible, match, option } from "../declare";
import type { Options } from "../extension";
import { orderedList, STATES, states } from "../shared/connection-state";

const STATUS = ["EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED"];

const protocol: ValueType = {
  expected: "a protocol",
  read: (word) => {
    const number = readProtocol(word);
    if (number === 0)
      throw new RuleSyntaxError("protocol 0 matches no connection", "a protocol other than all");
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
      matches.push({ kind: "ctPort", inverted, ...state, tuple, side, ports: parseRange(value) });
    } else if (name === "ctstate") matches.push({ kind: "ctState", inverted, states: states(value) });
    else if (name === "ctproto") matches.push({ kind: "ctProtocol", inverted, ...state, protocol: value });
    else if (name === "ctexpire")
      matches.push({ kind: "ctExpire", inverted, ...state, seconds: parseRange(value) });
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

/** Matches what conntrack knows of the connection: state, addresses, ports, status (xt_conntrack.c). */
export const conntrack = match("conntrack", {
  options: [
    invertible("ctstate", orderedList(STATES)),
    invertible("ctproto", protocol),
    ...ADDRESSES.map(([name]) => invertible(name, network)),
    ...ADDRESSES.map(([name]) => invertible(`${name}port`, decimalPortRange)),
    invertible("ctstatus", orderedList(STATUS, "NONE")),
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
  toMatches: lowerConntrack,
});
