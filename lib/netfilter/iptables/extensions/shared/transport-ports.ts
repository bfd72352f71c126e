import type { Match } from "../../../model/match";
import { U16 } from "../../values/number";
import { coversAll, parseRange } from "../../values/range";
import type { ValueType } from "../../values/value-type";
import { invertible } from "../declare";
import type { Options, ParsedOption } from "../extension";
import { first } from "../option-values";

/**
 * The options `--sport` and `--dport`.
 *
 * @param rest.isOmitted - whether iptables-save leaves a range out.
 */
export const portOptions = (
  range: ValueType,
  rest: { readonly isOmitted?: (given: ParsedOption) => boolean } = {},
) => [
  invertible("sport", range, { aliases: ["source-port"], ...rest }),
  invertible("dport", range, { aliases: ["destination-port"], ...rest }),
];

/** An option of tcp and udp that iptables-save omits if its range is `0:65535`. For sctp and dccp, it prints this range. */
export const SILENT = { isOmitted: coversAll(U16) };

/** The conditions of the model for `--sport` and `--dport`. */
export function portMatches(options: Options, protocol: string): Match[] {
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
        ports: [parseRange(first(options, name))],
      });
  }
  return matches;
}

const ALL_PORTS = `0:${U16}`;

/** Whether every packet matches. iptables-nft does not translate such a match to expressions (nft.c, tcp_all_zero). */
export const matchesAll = (options: Options): boolean =>
  [...options.values()].every(
    ({ inverted, values }) => !inverted && (values[0] === ALL_PORTS || values.join() === "NONE,NONE"),
  );

/**
 * The ports that iptables-nft-save reads back from nftables' expressions (nft-shared.c, port_match_single_to_range).
 * A range of all ports has no expression. A range from 0 is only compared with its end, so that `! 0:N` becomes the
 * ports above N.
 */
export function expressedPorts(options: Options, before: Options): [string, ParsedOption][] {
  return ["sport", "dport"].flatMap((name): [string, ParsedOption][] => {
    const given = options.get(name);
    const value = given?.values[0] ?? ALL_PORTS;
    if (!given || (value === ALL_PORTS && !given.inverted)) return [];
    const was = before.get(name);
    const inverted = was?.inverted === true;
    const { from, to } = parseRange(value);
    if (from > 0 || to === 0 || to === U16)
      return [[name, { inverted: inverted || given.inverted, values: [value] }]];
    const kept = parseRange(was?.values[0] ?? ALL_PORTS);
    const [low, high] = given.inverted ? [to + 1, kept.to] : [kept.from, to];
    return [[name, { inverted, values: [low === high ? String(low) : `${low}:${high}`] }]];
  });
}
