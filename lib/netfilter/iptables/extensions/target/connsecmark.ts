import { flag, target } from "../declare";
import { sideEffectTarget } from "../shared/side-effect-target";

export const CONNSECMARK = target("CONNSECMARK", {
  tables: ["mangle", "security"],
  oneOf: ["save", "restore"],
  options: [flag("save", { excludes: ["restore"] }), flag("restore", { excludes: ["save"] })],
  act: sideEffectTarget("CONNSECMARK"),
});
