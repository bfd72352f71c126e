import { target } from "../declare";
import { sideEffectTarget } from "../shared/side-effect-target";

export const TRACE = target("TRACE", { legacyTables: ["raw"], act: sideEffectTarget("TRACE") });
