import type { Match } from "../../../model/match";
import { prefixLength } from "../../values/address/mask";
import { number, U32 } from "../../values/number";
import { flag, invertible, match, option } from "../declare";
import { first } from "../option-values";

const full = (family: string): number => (family === "ipv6" ? 128 : 32);

/**
 * For a mask with holes, iptables prints the number of ones before the first zero in each 32 bits (libxt_connlimit.c,
 * count_bits6).
 */
const leadingOnes = (mask: readonly number[]): string =>
  String(mask.reduce((bits, part) => bits + Math.clz32(~part), 0));

/** Matches by the number of connections of one address or network (xt_connlimit.c). */
export const connlimit = match("connlimit", {
  oneOf: ["connlimit-upto", "connlimit-above"],
  options: [
    invertible("connlimit-upto", number(0, U32), {
      excludes: ["connlimit-above"],
      storedAs: (given) => [
        given.inverted ? "connlimit-above" : "connlimit-upto",
        { ...given, inverted: false },
      ],
    }),
    invertible("connlimit-above", number(0, U32), {
      excludes: ["connlimit-upto"],
      storedAs: (given) => [
        given.inverted ? "connlimit-upto" : "connlimit-above",
        { ...given, inverted: false },
      ],
    }),
    option("connlimit-mask", prefixLength(leadingOnes), {
      defaultValues: ({ family }) => [String(full(family))],
    }),
    flag("connlimit-saddr", { excludes: ["connlimit-daddr"] }),
    flag("connlimit-daddr", { excludes: ["connlimit-saddr"] }),
  ],
  check: (options) => {
    if (!options.has("connlimit-daddr")) options.set("connlimit-saddr", { inverted: false, values: [] });
  },
  toMatches: (options, { family }): readonly Match[] => {
    const above = options.has("connlimit-above");
    return [
      {
        kind: "connlimit",
        inverted: !above,
        above: Number(first(options, above ? "connlimit-above" : "connlimit-upto")),
        mask: Number(first(options, "connlimit-mask", String(full(family)))),
        side: options.has("connlimit-daddr") ? "destination" : "source",
      },
    ];
  },
});
