import type { Hook, TableName, UnmatchedRule } from "../model";
import { applyTarget, type TargetResult } from "./apply-target";
import { HotdropStep, PolicyStep, ReturnStep, RuleStep, type TablePlace } from "./chain-step";
import type { CompiledChain, CompiledRule, CompiledRuleset } from "./compile";
import { decide, type EvaluationContext, tryDecide } from "./evaluation";
import type { HookState } from "./hook-state";
import type { PacketContext } from "./packet-context";
import { type Failure, unmatchedBetween } from "./unmatched";

/** The verdict of a table. `unknown`: the dump lacks the chain of a jump. */
export type TableVerdict = "accept" | "drop" | "reject" | "queue" | "unknown";

interface Frame {
  readonly chain: CompiledChain;
  /** The next rule to evaluate. */
  position: number;
  /** The first rule that is not yet part of a step. */
  reported: number;
  failures: Failure[];
}

type Hit =
  | { readonly kind: "hit"; readonly because: string | undefined; readonly hotdrop?: true }
  | { readonly kind: "miss"; readonly test: number };

/** Evaluates the conditions of a rule in order, and stops at the first one that does not match (ipt_do_table). */
function evaluate(rule: CompiledRule, hookState: HookState, evaluation: EvaluationContext): Hit {
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
          ? "the random condition matched"
          : "it is unknown whether it matches: both results are followed";
    }
    if (!decide(answer, evaluation)) return { kind: "miss", test: at };
  }
  return { kind: "hit", because };
}

/** Finds a later condition that certainly fails. The unknown one is then irrelevant, unless a stateful one is in between. */
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
 * Evaluates one base chain of one table, and the chains that it calls (net/ipv4/netfilter/ip_tables.c, ipt_do_table).
 * Returns undefined if the table does not have this chain.
 */
export function runTable(
  context: PacketContext,
  ruleset: CompiledRuleset,
  table: TableName,
  hook: Hook,
): TableVerdict | undefined {
  const base = ruleset.chain(table, hook);
  if (base === undefined) return undefined;
  const frames: Frame[] = [{ chain: base, position: 0, reported: 0, failures: [] }];
  const { hookState } = context;
  const location: TablePlace = {
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
    const unmatched = takeUnmatched(frame, context.hookState);
    const { name } = frame.chain.chain;
    const before = context.packet;
    if (hit?.hotdrop === true) {
      context.steps.push(
        new HotdropStep(location, name, before, before, unmatched, hit.compiled.rule, hit.because),
      );
      return "drop";
    }
    if (hit === undefined || hit.compiled.rule.action.kind === "return") {
      const rule = hit?.compiled.rule;
      frames.pop();
      const caller = frames[frames.length - 1]?.chain.chain.name;
      // After a goto in the base chain there is no caller: at the end of the target chain, the policy of the base chain applies.
      if (caller !== undefined || rule !== undefined || frame.chain !== base)
        context.steps.push(new ReturnStep(location, name, before, unmatched, caller ?? "policy", rule));
      if (caller !== undefined) continue;
      const { policy = "ACCEPT" } = base.chain;
      const last = frame.chain === base && rule === undefined ? unmatched : undefined;
      context.steps.push(new PolicyStep(location, base.chain.name, before, last, policy));
      return policy === "DROP" ? "drop" : "accept";
    }
    const { compiled, because } = hit;
    const result = applyTarget(context, compiled, table);
    context.steps.push(
      new RuleStep(location, name, before, context.packet, unmatched, compiled.rule, because),
    );
    const verdict = follow(result, frames, ruleset, table);
    if (verdict !== undefined) return verdict;
  }
}

/** Returns a function that computes the rules which did not match since the last step in this chain. */
function takeUnmatched(frame: Frame, hookState: HookState): (() => readonly UnmatchedRule[]) | undefined {
  const { chain, reported, position, failures } = frame;
  frame.reported = position + 1;
  frame.position = position + 1;
  if (reported === position) return undefined;
  frame.failures = [];
  return () => unmatchedBetween(chain, reported, position, failures, hookState);
}

interface MatchedRule {
  readonly compiled: CompiledRule;
  readonly because: string | undefined;
  readonly hotdrop: boolean;
}

function nextHit(context: PacketContext, frame: Frame): MatchedRule | undefined {
  const { evaluation, indexed } = context.traversal;
  const { chain } = frame;
  const tryRule = (position: number): MatchedRule | undefined => {
    const compiled = chain.at(position);
    if (compiled === undefined) return undefined;
    const result = evaluate(compiled, context.hookState, evaluation);
    if (result.kind === "hit") {
      frame.position = position;
      return { compiled, because: result.because, hotdrop: result.hotdrop === true };
    }
    frame.failures.push({ position, test: result.test });
    return undefined;
  };
  if (indexed && chain.isLong) {
    for (const position of chain.candidates(context.hookState, frame.position)) {
      const hit = tryRule(position);
      if (hit !== undefined) return hit;
    }
  } else {
    for (let position = frame.position; position < chain.length; position++) {
      const hit = tryRule(position);
      if (hit !== undefined) return hit;
    }
  }
  frame.position = chain.length;
  return undefined;
}

/** Enters another chain, or returns the verdict. */
function follow(
  result: TargetResult,
  frames: Frame[],
  ruleset: CompiledRuleset,
  table: TableName,
): TableVerdict | undefined {
  if (result.kind === "continue") return undefined;
  if (result.kind === "verdict") return result.verdict;
  const chain = ruleset.chain(table, result.chain);
  // iptables-restore rejects a jump to a missing chain, so that its effect is unknown.
  if (chain === undefined) return "unknown";
  if (result.kind === "goto") frames.pop();
  frames.push({ chain, position: 0, reported: 0, failures: [] });
  return undefined;
}
