import { RuleSyntaxError } from "../../rule-syntax-error";
import { address } from "../../values/address/address";
import { text } from "../../values/text";
import type { ValueType } from "../../values/value-type";
import { option, target } from "../declare";
import { sideEffectTarget } from "../shared/side-effect-target";

const gateway: ValueType = {
  ...address,
  read: (word, context) => {
    const to = address.read(word, context);
    if (to === "0.0.0.0" || to === "::")
      throw new RuleSyntaxError(`packets cannot be sent to ${to}`, "an address of a host");
    return to;
  },
};

/** Sends a copy of the packet to another host (xt_TEE.c). */
export const TEE = target("TEE", {
  options: [option("gateway", gateway, { required: true }), option("oif", text(15, false, 0))],
  toAction: sideEffectTarget("TEE"),
});
