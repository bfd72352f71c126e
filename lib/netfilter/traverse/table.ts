import type { Hook, TableName, UnmatchedRule } from "../model";
import { applyTarget, type TargetResult } from "./apply-target";
import { HotdropStep, PolicyStep, ReturnStep, RuleStep, type TablePlace } from "./chain-step";
import type { CompiledChain, CompiledRule, CompiledRuleset } from "./compile";
import { decide, type EvaluationContext, tryDecide } from "./evaluation";
import type { HookState } from "./hook-state";
import type { PacketContext } from "./packet-context";
import { type Failure, unmatchedBetween } from "./unmatched";

export type TableVerdict = "accept" | "drop" | "reject" | "queue" | "unknown";

interface Frame {
  readonly chain: CompiledChain;
  /** The next rule to ask. */
  position: number;
  /** The first rule not yet told of in a step. */
  told: number;
  failures: Failure[];
}

type Hit =
  | { readonly kind: "hit"; readonly because: string | undefined; readonly hotdrop?: true }
  | { readonly kind: "miss"; readonly test: number };

/** Asks the conditions of one rule in order, as ipt_do_table does: the first that fails ends it. */
function ask(rule: CompiledRule, hookState: HookState, evaluation: EvaluationContext): Hit {
  const { tests } = rule;
  let because: string | undefined;
  for (let at = 0; at < tests.length; at++) {
    const test = tests[at];
    if (test === undefined) break;
    const answer = test.ask(hookState, evaluation);
    if (answer === true) continue;
    if (answer === false) return { kind: "miss", test: at };
    if (answer === "hotdrop") return { kind: "hit", because, hotdrop: true };
    if (tryDecide(answer, evaluation) === undefined) {
      const sure = surelyFails(rule, at + 1, hookState, evaluation);
      if (sure >= 0) return { kind: "miss", test: sure };
      because =
        answer.kind === "chance"
          ? "chance decided that it matches"
          : "it is not known whether it matches: followed both ways";
    }
    if (!decide(answer, evaluation)) return { kind: "miss", test: at };
  }
  return { kind: "hit", because };
}

/** A later condition that fails in any case makes the open one irrelevant, unless a counter stands between. */
function surelyFails(
  rule: CompiledRule,
  from: number,
  hookState: HookState,
  evaluation: EvaluationContext,
): number {
  for (let at = from; at < rule.tests.length; at++) {
    const test = rule.tests[at];
    if (test === undefined || test.kind === "stateful") return -1;
    if (test.kind === "pure" && tryDecide(test.ask(hookState, evaluation), evaluation) === false) return at;
  }
  return -1;
}

/**
 * Runs a packet through one base chain of one table and all that it calls (net/ipv4/netfilter/ip_tables.c,
 * ipt_do_table). Undefined where the table has no such chain: then it is simply not run.
 */
export function runTable(
  context: PacketContext,
  ruleset: CompiledRuleset,
  table: TableName,
  hook: Hook,
): TableVerdict | undefined {
  const base = ruleset.chain(table, hook);
  if (base === undefined) return undefined;
  const frames: Frame[] = [{ chain: base, position: 0, told: 0, failures: [] }];
  const { hookState } = context;
  const where: TablePlace = {
    place: context.traversal.host.place,
    hook,
    table,
    variant: ruleset.ruleset.variant,
    in: hookState.in,
    out: hookState.out,
  };
  for (;;) {
    const frame = frames[frames.length - 1];
    if (frame === undefined) return "accept";
    const hit = nextHit(context, frame);
    const unmatched = tell(frame, context.hookState);
    const { name } = frame.chain.chain;
    const before = context.packet;
    if (hit?.hotdrop === true) {
      context.steps.push(
        new HotdropStep(where, name, before, before, unmatched, hit.compiled.rule, hit.because),
      );
      return "drop";
    }
    if (hit === undefined || hit.compiled.rule.action.kind === "return") {
      const rule = hit?.compiled.rule;
      frames.pop();
      const caller = frames[frames.length - 1]?.chain.chain.name;
      // A goto from the base chain leaves nothing to come back to: what ends there ends at the base chain's policy.
      if (caller !== undefined || rule !== undefined || frame.chain !== base)
        context.steps.push(new ReturnStep(where, name, before, unmatched, caller ?? "policy", rule));
      if (caller !== undefined) continue;
      const { policy = "ACCEPT" } = base.chain;
      const last = frame.chain === base && rule === undefined ? unmatched : undefined;
      context.steps.push(new PolicyStep(where, base.chain.name, before, last, policy));
      return policy === "DROP" ? "drop" : "accept";
    }
    const { compiled, because } = hit;
    const result = applyTarget(context, compiled, table);
    context.steps.push(new RuleStep(where, name, before, context.packet, unmatched, compiled.rule, because));
    const verdict = follow(result, frames, ruleset, table);
    if (verdict !== undefined) return verdict;
  }
}

/** The rules that did not match since the last step in this chain, as something that can be asked for later. */
function tell(frame: Frame, hookState: HookState): (() => readonly UnmatchedRule[]) | undefined {
  const { chain, told, position, failures } = frame;
  frame.told = position + 1;
  frame.position = position + 1;
  if (told === position) return undefined;
  frame.failures = [];
  return () => unmatchedBetween(chain, told, position, failures, hookState);
}

interface Met {
  readonly compiled: CompiledRule;
  readonly because: string | undefined;
  readonly hotdrop: boolean;
}

function nextHit(context: PacketContext, frame: Frame): Met | undefined {
  const { evaluation, indexed } = context.traversal;
  const { chain } = frame;
  const meet = (position: number): Met | undefined => {
    const compiled = chain.at(position);
    if (compiled === undefined) return undefined;
    const result = ask(compiled, context.hookState, evaluation);
    if (result.kind === "hit") {
      frame.position = position;
      return { compiled, because: result.because, hotdrop: result.hotdrop === true };
    }
    frame.failures.push({ position, test: result.test });
    return undefined;
  };
  if (indexed && chain.isLong) {
    for (const position of chain.candidates(context.hookState, frame.position)) {
      const hit = meet(position);
      if (hit !== undefined) return hit;
    }
  } else {
    for (let position = frame.position; position < chain.length; position++) {
      const hit = meet(position);
      if (hit !== undefined) return hit;
    }
  }
  frame.position = chain.length;
  return undefined;
}

/** Moves between chains, or ends the table. */
function follow(
  result: TargetResult,
  frames: Frame[],
  ruleset: CompiledRuleset,
  table: TableName,
): TableVerdict | undefined {
  if (result.kind === "continue") return undefined;
  if (result.kind === "verdict") return result.verdict;
  const chain = ruleset.chain(table, result.chain);
  // A dump with a jump to nowhere cannot be loaded; what the rule would do is not known.
  if (chain === undefined) return "unknown";
  if (result.kind === "goto") frames.pop();
  frames.push({ chain, position: 0, told: 0, failures: [] });
  return undefined;
}
