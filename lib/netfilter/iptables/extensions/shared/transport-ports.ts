import type { Match } from "../../../model/match";
import { U16 } from "../../values/number";
import { coversAll, range } from "../../values/range";
import type { ValueType } from "../../values/value-type";
import { invertible } from "../declare";
import type { Options, ParsedOption } from "../extension";
import { first } from "../option-values";

export const sides = (
  range: ValueType,
  rest: { readonly silent?: (given: ParsedOption) => boolean } = {},
) => [
  invertible("sport", range, { aliases: ["source-port"], ...rest }),
  invertible("dport", range, { aliases: ["destination-port"], ...rest }),
];

/** tcp and udp are silent about a range that covers all; sctp and dccp print it (iptables 1.8.9). */
export const SILENT = { silent: coversAll(U16) };

export function ports(options: Options, protocol: string): Match[] {
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

const ALL_PORTS = `0:${U16}`;

/** A match that was given nothing, or what any packet fulfils, stays one of x_tables (nft.c, tcp_all_zero). */
export const asksNothing = (options: Options): boolean =>
  [...options.values()].every(
    ({ inverted, values }) => !inverted && (values[0] === ALL_PORTS || values.join() === "NONE,NONE"),
  );

/**
 * Ports as nftables compares them, read back (nft-shared.c, port_match_single_to_range): all ports are not compared, and
 * from 0 on only the end is, so that `! 0:N` becomes what lies above N.
 */
export function expressedPorts(options: Options, before: Options): [string, ParsedOption][] {
  return ["sport", "dport"].flatMap((name): [string, ParsedOption][] => {
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
