import { RuleSyntaxError } from "../../rule-syntax-error";
import { oneOf } from "../../values/list";
import { portRange } from "../../values/port";
import type { ValueType } from "../../values/value-type";
import { invertible, match } from "../declare";
import { portMatches, portOptions } from "../shared/transport-ports";

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

/** The flags of a chunk type, from bit 7 to bit 0, named as in libxt_sctp. */
const CHUNK_FLAGS: Readonly<Record<string, string>> = {
  DATA: "----IUBE",
  I_DATA: "----IUBE",
  ABORT: "-------T",
  SHUTDOWN_COMPLETE: "-------T",
};

/**
 * Each flag once, in the order of its bits. A capital letter, if it was given as one, means that the bit must be set.
 */
const chunkFlags = (allowed: string, bits: string): string =>
  [...allowed]
    .filter((flag) => bits.toUpperCase().includes(flag))
    .map((flag) => (bits.includes(flag) ? flag : flag.toLowerCase()))
    .join("");

const chunkList: ValueType = {
  expected: "chunk types such as DATA,INIT, or ALL or NONE",
  read: (word) => {
    if (/^(?:ALL|NONE)$/i.test(word)) return word.toUpperCase();
    const found = new Map<string, string>();
    for (const each of word.split(",").filter((entry) => entry !== "")) {
      const [name = "", bits = ""] = each.split(":");
      const known = Object.keys(CHUNKS).find((chunk) => chunk === name.toUpperCase());
      if (known === undefined)
        throw new RuleSyntaxError(`"${name}" is not an SCTP chunk`, Object.keys(CHUNKS).join(", "));
      const allowed = (CHUNK_FLAGS[known] ?? "").replaceAll("-", "");
      for (const bit of bits)
        if (!allowed.includes(bit.toUpperCase()))
          throw new RuleSyntaxError(`chunk ${known} has no flag "${bit}"`, allowed || "no flags");
      found.set(known, chunkFlags(allowed, `${found.get(known) ?? ""}${bits}`));
    }
    const number = ([name]: readonly [string, string]): number => CHUNKS[name] ?? 0;
    const shown = [...found]
      .sort((one, other) => number(one) - number(other))
      .map(([name, bits]) => (bits === "" ? name : `${name}:${bits}`));
    return shown.join(",") || "NONE";
  },
};

/** Matches ports and chunks of SCTP (xt_sctp.c). */
export const sctp = match("sctp", {
  protocols: [132],
  options: [
    ...portOptions(portRange),
    invertible("chunk-types", [oneOf(["any", "all", "only"], true), chunkList]),
  ],
  order: ["sport", "dport", "chunk-types"],
  toMatches: (options) => {
    const matches = portMatches(options, "sctp");
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
