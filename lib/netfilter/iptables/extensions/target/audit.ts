import { oneOf } from "../../values/list";
import { option, target } from "../declare";
import { sideEffectTarget } from "../shared/side-effect-target";

/** Writes an audit record for the packet (xt_AUDIT.c). */
export const AUDIT = target("AUDIT", {
  options: [option("type", oneOf(["accept", "drop", "reject"], true), { required: true })],
  toAction: sideEffectTarget("AUDIT"),
});
