import { flag, target } from "../declare";
import { sideEffectTarget } from "../shared/side-effect-target";

/** Computes the checksum of the packet (xt_CHECKSUM.c). */
export const CHECKSUM = target("CHECKSUM", {
  tables: ["mangle"],
  options: [flag("checksum-fill", { required: true })],
  toAction: sideEffectTarget("CHECKSUM"),
});
