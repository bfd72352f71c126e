import { RuleSyntaxError } from "../../rule-syntax-error";
import { number, U16 } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import { flag, option, target } from "../declare";
import type { Use } from "../extension";
import { sideEffectTarget } from "../shared/side-effect-target";

const asksForSyn = ({ extension, options }: Use): boolean => {
  const flags = extension.name === "tcp" ? options.get("tcp-flags") : undefined;
  return flags !== undefined && !flags.inverted && (flags.values[1] ?? "").split(",").includes("SYN");
};

/** At most what fits into the largest packet after its IP header. */
const segment: ValueType = {
  expected: "a segment size",
  read: (word, context) => number(0, U16 - (context.family === "ipv6" ? 40 : 20)).read(word, context),
};

/** Changes the maximum segment size in TCP SYN packets (xt_TCPMSS.c). */
export const TCPMSS = target("TCPMSS", {
  protocols: [6],
  oneOf: ["set-mss", "clamp-mss-to-pmtu"],
  options: [option("set-mss", segment), flag("clamp-mss-to-pmtu")],
  hooks: (options) => (options.has("clamp-mss-to-pmtu") ? ["FORWARD", "OUTPUT", "POSTROUTING"] : undefined),
  // The last option is used.
  check: (options) => {
    const [earlier, later] = [...options.keys()];
    if (later !== undefined && earlier !== undefined) options.delete(earlier);
  },
  checkRule: (matches) =>
    matches.some(asksForSyn)
      ? undefined
      : new RuleSyntaxError(
          "TCPMSS needs a match for SYN",
          "--syn or --tcp-flags with SYN",
          "Only iptables-legacy requires it.",
          "legacy",
        ),
  toAction: sideEffectTarget("TCPMSS"),
});
