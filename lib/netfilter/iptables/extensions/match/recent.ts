import type { Match } from "../../../model/match";
import { RuleSyntaxError } from "../../rule-syntax-error";
import { address } from "../../values/address/address";
import { number, U32 } from "../../values/number";
import { text } from "../../values/text";
import type { ValueType } from "../../values/value-type";
import { flag, invertible, match, option } from "../declare";
import { first, inverted } from "../option-values";

const ACTIONS = ["set", "rcheck", "update", "remove"] as const;

const others = (name: string): readonly string[] => ACTIONS.filter((each) => each !== name);

/** Most packets that a list keeps for one address (XT_RECENT_MAX_NSTAMPS - 1). */
const MOST_HITS = 65535;

/** The kernel creates a file with this name in /proc/net/xt_recent. */
const listName: ValueType = {
  ...text(199, false),
  read: (word, context) => {
    if (word.includes("/"))
      throw new RuleSyntaxError(`"${word}" cannot be the name of a file`, 'a name without "/"');
    return text(199).read(word, context);
  },
};

/** Matches addresses that were seen before, and remembers them in named lists (xt_recent.c). */
export const recent = match("recent", {
  oneOf: ACTIONS,
  options: [
    ...ACTIONS.map((name) => invertible(name, [], { excludes: others(name) })),
    option("seconds", number(1, U32)),
    flag("reap", { needs: ["seconds"] }),
    option("hitcount", number(0, MOST_HITS), { isOmitted: (given) => given.values[0] === "0" }),
    flag("rttl"),
    option("name", listName, { defaultValues: () => ["DEFAULT"] }),
    option("mask", address, {
      defaultValues: ({ family }) => [
        family === "ipv6" ? "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" : "255.255.255.255",
      ],
    }),
    flag("rsource", { excludes: ["rdest"] }),
    flag("rdest", { excludes: ["rsource"] }),
  ],
  check: (options) => {
    if ((options.has("set") || options.has("remove")) && options.has("rttl"))
      throw new RuleSyntaxError("--rttl needs --rcheck or --update", "--rcheck or --update");
    const hits = first(options, "hitcount", "0") !== "0";
    if ((options.has("set") || options.has("remove")) && (options.has("seconds") || hits))
      throw new RuleSyntaxError("--seconds and --hitcount need --rcheck or --update", "--rcheck or --update");
    if (!options.has("rdest")) options.set("rsource", { inverted: false, values: [] });
  },
  toMatches: (options, context): readonly Match[] => {
    const action = ACTIONS.find((name) => options.has(name)) ?? "set";
    const mask = context.family === "ipv6" ? "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" : "255.255.255.255";
    return [
      {
        kind: "recent",
        inverted: inverted(options, action),
        action,
        name: first(options, "name", "DEFAULT"),
        ...(options.has("seconds") ? { seconds: Number(first(options, "seconds")) } : {}),
        ...(options.has("hitcount") ? { hitcount: Number(first(options, "hitcount")) } : {}),
        reap: options.has("reap"),
        ttl: options.has("rttl"),
        side: options.has("rdest") ? "destination" : "source",
        mask: first(options, "mask", mask),
      },
    ];
  },
});
