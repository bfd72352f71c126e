export type { Answer } from "./conntrack/reply";
export { nextOf, replyTo } from "./conntrack/reply";
export * from "./counters";
export { describeAction, describeMatch, describeRule } from "./describe";
export * from "./iptables";
export * from "./journey";
export * from "./model";
export * from "./questions";
export {
  type BaseChain,
  type Entry,
  FRESH,
  type HostOutcome,
  hostOf,
  type KernelState,
  LINUX,
  later,
  type Semantics,
  stateOf,
  type TraverseOptions,
  traverse,
  warningsOf,
} from "./traverse";
