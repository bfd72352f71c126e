export { hostOf, warningsOf } from "./host";
export type { Departure } from "./packet-context";
export { FRESH, type KernelState, later, stateOf } from "./state";
export {
  type Entry,
  type HostOutcome,
  type TraverseOptions,
  traverse,
} from "./traverse";
