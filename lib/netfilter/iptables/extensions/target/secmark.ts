import { text } from "../../values/text";
import { option, target } from "../declare";
import { sideEffectTarget } from "../shared/side-effect-target";

/** Sets the security mark of the packet (xt_SECMARK.c). */
export const SECMARK = target("SECMARK", {
  tables: ["mangle", "security"],
  options: [option("selctx", text(255, false), { required: true })],
  toAction: sideEffectTarget("SECMARK"),
});
