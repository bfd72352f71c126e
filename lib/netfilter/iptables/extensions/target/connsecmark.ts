import { flag, target } from "../declare";
import { sideEffectTarget } from "../shared/side-effect-target";

/** Copies the security mark between packet and connection (xt_CONNSECMARK.c). */
export const CONNSECMARK = target("CONNSECMARK", {
  tables: ["mangle", "security"],
  oneOf: ["save", "restore"],
  options: [flag("save", { excludes: ["restore"] }), flag("restore", { excludes: ["save"] })],
  toAction: sideEffectTarget("CONNSECMARK"),
});
