import { number, U32 } from "../../values/number";
import { text } from "../../values/text";
import { option, target } from "../declare";
import { sideEffectTarget } from "../shared/side-effect-target";

/** Sends the packet to a logging program. Removed in kernel 3.17 (ipt_ULOG.c). */
export const ULOG = target("ULOG", {
  families: ["ipv4"],
  options: [
    option("ulog-prefix", text(31)),
    option("ulog-nlgroup", number(1, 32)),
    option("ulog-cprange", number(0, U32)),
    option("ulog-qthreshold", number(1, 50)),
  ],
  toAction: sideEffectTarget("ULOG"),
});
