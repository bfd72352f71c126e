import { target } from "../declare";
import { sideEffectTarget } from "../shared/side-effect-target";

/** Makes the kernel log every rule that the packet reaches (xt_TRACE.c). */
export const TRACE = target("TRACE", { legacyTables: ["raw"], toAction: sideEffectTarget("TRACE") });
