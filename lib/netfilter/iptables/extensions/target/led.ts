import { U32, whole } from "../../values/number";
import { text } from "../../values/text";
import { flag, option, target } from "../declare";
import { sideEffectTarget } from "../shared/side-effect-target";

/** Blinks an LED (xt_LED.c). */
export const LED = target("LED", {
  options: [
    option("led-trigger-id", text(16, "always"), { required: true }),
    option("led-delay", {
      expected: "milliseconds, or inf",
      read: (word) => (word === "inf" ? word : String(whole(word, 0, U32, "milliseconds"))),
    }),
    flag("led-always-blink"),
  ],
  toAction: sideEffectTarget("LED"),
});
