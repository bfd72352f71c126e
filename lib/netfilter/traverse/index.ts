export { hostOf, warningsOf } from "./host";
export { type BaseChain, LINUX, type Semantics } from "./semantics";
export type { Entry } from "./stage/entry";
export { FRESH, type KernelState, later, stateOf } from "./state/kernel-state";
export type { Departure } from "./state/packet-context";
export { type HostOutcome, type TraverseOptions, traverse } from "./traverse";
