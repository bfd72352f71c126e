import type { Action } from "../../../model/action";
import type { Match } from "../../../model/match";
import { number, U8 } from "../../values/number";
import { invertible, match, option, target } from "../declare";
import type { Extension } from "../extension";
import { first } from "../option-values";

const TTL_TESTS = ["eq", "lt", "gt"] as const;

/** Declares the match `ttl` of IPv4 or `hl` of IPv6. */
export function timeToLive(name: "ttl" | "hl", family: "ipv4" | "ipv6"): Extension {
  const names = TTL_TESTS.map((test) => `${name}-${test}`);
  const others = (own: string): readonly string[] => names.filter((each) => each !== own);
  return match(name, {
    families: [family],
    oneOf: names,
    options: [
      invertible(`${name}-eq`, number(0, U8), { aliases: [name], excludes: others(`${name}-eq`) }),
      option(`${name}-lt`, number(0, U8), { excludes: others(`${name}-lt`) }),
      option(`${name}-gt`, number(0, U8), { excludes: others(`${name}-gt`) }),
    ],
    toMatches: (options) =>
      TTL_TESTS.flatMap((test): Match[] => {
        const given = options.get(`${name}-${test}`);
        if (!given) return [];
        const value = Number(given.values[0]);
        const ttl =
          test === "eq"
            ? { from: value, to: value }
            : test === "lt"
              ? { from: 0, to: value - 1 }
              : { from: value + 1, to: 255 };
        return [{ kind: "ttl", inverted: given.inverted, ttl }];
      }),
  });
}

/** Declares the target `TTL` of IPv4 or `HL` of IPv6. */
export function setTimeToLive(name: "TTL" | "HL", family: "ipv4" | "ipv6"): Extension {
  const lower = name.toLowerCase();
  const names = ["set", "dec", "inc"].map((change) => `${lower}-${change}`);
  const others = (own: string): readonly string[] => names.filter((each) => each !== own);
  return target(name, {
    families: [family],
    tables: ["mangle"],
    oneOf: names,
    options: names.map((each) =>
      option(each, number(each.endsWith("set") ? 0 : 1, U8), { excludes: others(each) }),
    ),
    toAction: (options): Action => {
      const change =
        (["set", "dec", "inc"] as const).find((each) => options.has(`${lower}-${each}`)) ?? "set";
      return { kind: "ttl", change, by: Number(first(options, `${lower}-${change}`)) };
    },
  });
}
