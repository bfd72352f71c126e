import type { Failure } from "../report/unmatched";
import type { CompiledChain } from "./compile";

/** A chain that is being evaluated, and the chain that called it. Immutable. */
export interface Frame {
  readonly chain: CompiledChain;
  /** The next rule to evaluate. */
  readonly position: number;
  /** The first rule that is not yet part of a step. */
  readonly reported: number;
  /** The rules since then that did not match. */
  readonly failures: readonly Failure[];
  readonly caller: Frame | undefined;
}

const NONE: readonly Failure[] = [];

/** Enters a chain. */
export const enter = (chain: CompiledChain, caller: Frame | undefined): Frame => ({
  chain,
  position: 0,
  reported: 0,
  failures: NONE,
  caller,
});

/** Continues after the rule at a position, which is part of a step now. */
export const after = ({ chain, caller }: Frame, position: number): Frame => ({
  chain,
  position: position + 1,
  reported: position + 1,
  failures: NONE,
  caller,
});
