import type { TcpFlag } from "../../../model/packet";
import { RuleSyntaxError } from "../../rule-syntax-error";
import { number, U8 } from "../../values/number";
import { portRange } from "../../values/port";
import type { ValueType } from "../../values/value-type";
import { invertible, match } from "../declare";
import type { Options, ParsedOption } from "../extension";
import { first } from "../option-values";
import { expressedPorts, matchesAll, portMatches, portOptions, SILENT } from "../shared/transport-ports";

const FLAGS: readonly TcpFlag[] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];

const flagList: ValueType = {
  expected: "TCP flags such as SYN,ACK, or ALL or NONE",
  read: (word) => {
    const wanted = new Set<string>();
    for (const each of word.split(",")) {
      const name = each.toUpperCase();
      if (name === "") continue;
      if (name === "ALL") for (const known of FLAGS) wanted.add(known);
      else if (FLAGS.some((known) => known === name)) wanted.add(name);
      else if (name !== "NONE")
        throw new RuleSyntaxError(`"${each}" is not a TCP flag`, `${FLAGS.join(", ")}, ALL or NONE`);
    }
    const shown = FLAGS.filter((known) => wanted.has(known));
    return shown.length === 0 ? "NONE" : shown.join(",");
  },
};

const flags = (value: string): readonly TcpFlag[] =>
  FLAGS.filter((known) => value.split(",").includes(known));

function expressedFlags(options: Options, before: Options): [string, ParsedOption][] {
  const given = options.get("tcp-flags");
  if (!given || given.values[0] === "NONE") return [];
  const inverted = given.inverted || before.get("tcp-flags")?.inverted === true;
  return [["tcp-flags", { inverted, values: given.values }]];
}

/** Matches ports, flags and options of TCP (xt_tcpudp.c). */
export const tcp = match("tcp", {
  protocols: [6],
  options: [
    ...portOptions(portRange, SILENT),
    invertible("tcp-option", number(1, U8, "a TCP option's number")),
    invertible("tcp-flags", [flagList, flagList], {
      isOmitted: (given) => !given.inverted && given.values[0] === "NONE",
    }),
    invertible("syn", [], {
      storedAs: (given) => ["tcp-flags", { inverted: given.inverted, values: ["FIN,SYN,RST,ACK", "SYN"] }],
    }),
  ],
  asNftExpressions: (options, before) =>
    options.has("tcp-option") || matchesAll(options)
      ? undefined
      : new Map([...before, ...expressedPorts(options, before), ...expressedFlags(options, before)]),
  toMatches: (options) => {
    const matches = portMatches(options, "tcp");
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
