import { RuleSyntaxError } from "../../rule-syntax-error";
import { number } from "../../values/number";
import { invertible, match } from "../declare";

/** Matches the ECN bits of IP and TCP (xt_ecn.c). */
export const ecn = match("ecn", {
  options: [
    invertible("ecn-tcp-ece", []),
    invertible("ecn-tcp-cwr", []),
    invertible("ecn-ip-ect", number(0, 3)),
  ],
  oneOf: ["ecn-tcp-ece", "ecn-tcp-cwr", "ecn-ip-ect"],
  order: ["ecn-tcp-ece", "ecn-tcp-cwr", "ecn-ip-ect"],
  check: (options, context) => {
    if ((options.has("ecn-tcp-ece") || options.has("ecn-tcp-cwr")) && context.protocol !== 6)
      throw new RuleSyntaxError("--ecn-tcp options need TCP", "-p tcp");
  },
});
