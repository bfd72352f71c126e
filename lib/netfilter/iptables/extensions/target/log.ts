import { RuleSyntaxError } from "../../rule-syntax-error";
import { whole } from "../../values/number";
import { text } from "../../values/text";
import type { ValueType } from "../../values/value-type";
import { flag, option, target } from "../declare";
import { sideEffectTarget } from "../shared/side-effect-target";

const LEVELS = ["emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"];

const LEVEL_ALIASES: Readonly<Record<string, string>> = { panic: "emerg" };

const level: ValueType = {
  expected: "a level, 0 to 7, or its name",
  read: (word) => {
    const name = LEVEL_ALIASES[word.toLowerCase()] ?? word.toLowerCase();
    const named = LEVELS.indexOf(name);
    if (named >= 0) return String(named);
    if (!/^\d+$/.test(word)) throw new RuleSyntaxError(`"${word}" is not a log level`, LEVELS.join(", "));
    return String(whole(word, 0, 7, "a log level"));
  },
};

/** Writes the packet to the kernel log (xt_LOG.c). */
export const LOG = target("LOG", {
  options: [
    option("log-prefix", text(29)),
    option("log-level", level, { isOmitted: (given) => given.values[0] === "4" }),
    flag("log-tcp-sequence"),
    flag("log-tcp-options"),
    flag("log-ip-options"),
    flag("log-uid"),
    flag("log-macdecode"),
  ],
  toAction: sideEffectTarget("LOG"),
});
