import { RuleSyntaxError } from "../../rule-syntax-error";
import { number } from "../../values/number";
import { flag, option, target } from "../declare";
import { sideEffectTarget } from "../shared/side-effect-target";

/** Removes the ECN bits of TCP (ipt_ECN.c). */
export const ECN = target("ECN", {
  families: ["ipv4"],
  tables: ["mangle"],
  oneOf: ["ecn-tcp-remove", "ecn-tcp-cwr", "ecn-tcp-ece", "ecn-ip-ect"],
  options: [
    flag("ecn-tcp-remove", { excludes: ["ecn-tcp-cwr", "ecn-tcp-ece"] }),
    option("ecn-tcp-ece", number(0, 1)),
    option("ecn-tcp-cwr", number(0, 1)),
    option("ecn-ip-ect", number(0, 3)),
  ],
  check: (options, context) => {
    const tcp = ["ecn-tcp-remove", "ecn-tcp-cwr", "ecn-tcp-ece"].some((name) => options.has(name));
    if (tcp && context.protocol !== 6) throw new RuleSyntaxError("--ecn-tcp options need TCP", "-p tcp");
    // --ecn-tcp-remove sets both bits to 0. iptables-save prints it as such only if it is the only option.
    if (!options.has("ecn-tcp-remove") || !options.has("ecn-ip-ect")) return;
    options.delete("ecn-tcp-remove");
    for (const name of ["ecn-tcp-ece", "ecn-tcp-cwr"]) options.set(name, { inverted: false, values: ["0"] });
  },
  toAction: sideEffectTarget("ECN"),
});
