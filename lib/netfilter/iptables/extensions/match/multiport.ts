import type { Match, Range } from "../../../model/match";
import { RuleSyntaxError } from "../../rule-syntax-error";
import { readPort } from "../../values/port";
import { parseRange } from "../../values/range";
import type { ValueType } from "../../values/value-type";
import { invertible, match } from "../declare";
import { first } from "../option-values";

/** Protocols whose ports multiport can read. */
const WITH_PORTS = [6, 17, 136, 132, 33];

const portList: ValueType = {
  expected: "up to 15 ports; a range FROM:TO counts as two",
  read: (word, { protocol }) => {
    const entries = word.split(",").map((entry) => {
      const [from = "", to, ...more] = entry.split(":");
      if (more.length > 0) throw new RuleSyntaxError(`"${entry}" has too many parts`, "PORT or FROM:TO");
      const low = readPort(from, protocol);
      if (to === undefined) return String(low);
      const high = readPort(to, protocol);
      if (low >= high) throw new RuleSyntaxError(`port range "${entry}" is empty`, "the smaller port first");
      return `${low}:${high}`;
    });
    const used = entries.reduce((sum, entry) => sum + (entry.includes(":") ? 2 : 1), 0);
    if (used > 15)
      throw new RuleSyntaxError(`${used} ports are too many`, "at most 15; a range counts as two");
    return entries.join(",");
  },
};

const SIDES = ["sports", "dports", "ports"] as const;

/** Matches up to 15 ports or ranges of ports (xt_multiport.c). */
export const multiport = match("multiport", {
  protocols: WITH_PORTS,
  oneOf: SIDES,
  options: [
    invertible("sports", portList, { aliases: ["source-ports"], excludes: ["dports", "ports"] }),
    invertible("dports", portList, { aliases: ["destination-ports"], excludes: ["sports", "ports"] }),
    invertible("ports", portList, { excludes: ["sports", "dports"] }),
  ],
  toMatches: (options) => {
    const matches: Match[] = [];
    for (const name of SIDES) {
      const given = options.get(name);
      if (!given) continue;
      const alternatives: readonly Range[] = first(options, name)
        .split(",")
        .map((each) => parseRange(each));
      const side = name === "sports" ? "source" : name === "dports" ? "destination" : "either";
      matches.push({ kind: "port", inverted: given.inverted, side, ports: alternatives });
    }
    return matches;
  },
});
