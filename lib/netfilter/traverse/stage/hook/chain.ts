import type { Verdict } from "../../../model";
import { applyTarget, type ChainVerdict, type TargetResult } from "../../chain/apply-target";
import { after, enter, type Frame } from "../../chain/frame";
import { type MatchedRule, nextHit } from "../../chain/search";
import { HotdropStep, PolicyStep, ReturnStep, RuleStep, type TablePlace } from "../../report/chain-step";
import { type Failure, unmatchedBetween } from "../../report/unmatched";
import type { Evaluation } from "../../state/evaluation";
import type { HookState } from "../../state/hook-state";
import { type PacketContext, withStep } from "../../state/packet-context";
import { end, type Next, next } from "../next";
import type { Deciding, Stage, StageOf } from "../stage";

type ChainStage = StageOf<"chain">;
type Unmatched = ConstructorParameters<typeof RuleStep>[4];

/**
 * Evaluates a base chain, and the chains that it calls, up to the next rule that matches
 * (net/ipv4/netfilter/ip_tables.c, ipt_do_table).
 */
export function chainStage(stage: ChainStage, context: PacketContext, evaluation: Evaluation): Next {
  const { frame } = stage;
  const { input, hookState } = context;
  const found = nextHit(frame, hookState, evaluation, input.indexed);
  switch (found.kind) {
    case "paused":
      return next(withFrame(stage, found.frame), context);
    case "end": {
      const unmatched = unmatchedIn(frame, found.position, found.failures, hookState);
      return leaveChain(stage, context, unmatched, undefined, evaluation);
    }
    case "hit": {
      const unmatched = unmatchedIn(frame, found.position, found.failures, hookState);
      const rest = withFrame(stage, after(frame, found.position));
      return ruleMatched(rest, context, found.rule, unmatched, evaluation);
    }
  }
}

function ruleMatched(
  stage: ChainStage,
  context: PacketContext,
  rule: MatchedRule,
  unmatched: Unmatched,
  evaluation: Evaluation,
): Next {
  const { frame } = stage;
  const { packet } = context.hookState;
  const { name } = frame.chain.chain;
  const { compiled, because } = rule;
  const { action } = compiled.rule;
  const { semantics } = context.input;
  if (rule.hotdrop) {
    const place = placeOf(stage, context);
    const step = new HotdropStep(place, name, packet, packet, unmatched, compiled.rule, because);
    return stopped("drop", withStep(context, step));
  }
  if (action.kind === "return" && semantics.returnMeans === "caller")
    return leaveChain(stage, context, unmatched, rule, evaluation);
  if (semantics.decidingRule === "last" && DECIDES.has(action.kind))
    return next({ ...stage, deciding: { rule, chain: name } }, context);
  return runTarget(stage, context, { rule, chain: name }, unmatched, evaluation);
}

/** Actions with a verdict. With {@link Semantics.decidingRule} `last`, the last one that matches applies. */
const DECIDES: ReadonlySet<string> = new Set([
  "accept",
  "drop",
  "reject",
  "queue",
  "dnat",
  "snat",
  "masquerade",
  "redirect",
  "netmap",
  "tproxy",
]);

/** Runs the target of a rule, and enters another chain or ends the base chain. */
function runTarget(
  stage: ChainStage,
  before: PacketContext,
  { rule, chain }: Deciding,
  unmatched: Unmatched,
  evaluation: Evaluation,
): Next {
  const { compiled, because } = rule;
  const { packet } = before.hookState;
  const place = placeOf(stage, before);
  const result = applyTarget(before, compiled, evaluation);
  const changed = result.context.hookState.packet;
  const step = new RuleStep(place, chain, packet, changed, unmatched, compiled.rule, because);
  const context = withStep(result.context, step);
  // Semantics with `returnMeans: "accept"`. Otherwise, RETURN was handled as the end of the chain.
  if (compiled.rule.action.kind === "return") return next(stage.onward, context);
  switch (result.kind) {
    case "continue":
      return next(stage, context);
    case "jump":
    case "goto":
      return call(stage, context, result);
    case "verdict": {
      if (result.verdict === "accept") return next(stage.onward, context);
      const ends = stageOf(result.verdict);
      const { reply } = result;
      return next(reply === undefined ? ends : { kind: "reply", reply, onward: ends }, context);
    }
  }
}

function call(
  stage: ChainStage,
  context: PacketContext,
  { kind, chain }: Extract<TargetResult, { kind: "jump" | "goto" }>,
): Next {
  const { base, frame } = stage;
  const called = base.ruleset.chain(base.table, chain);
  // iptables-restore rejects a jump to a missing chain, so that its effect is unknown.
  if (called === undefined) return stopped("unknown", context);
  return next(withFrame(stage, enter(called, kind === "goto" ? frame.caller : frame)), context);
}

/** Returns to the calling chain, or applies the policy of the base chain. */
function leaveChain(
  stage: ChainStage,
  before: PacketContext,
  unmatched: Unmatched,
  returning: MatchedRule | undefined,
  evaluation: Evaluation,
): Next {
  const { base, frame } = stage;
  const { packet } = before.hookState;
  const place = placeOf(stage, before);
  const { caller } = frame;
  const rule = returning?.compiled.rule;
  const isBase = frame.chain === base.chain;
  const appliesPolicy =
    caller === undefined ||
    (returning === undefined && before.input.semantics.policyAppliesAtEndOf === "everyChain");
  // After a goto in the base chain there is no caller: at the end of the target chain, the policy of the base chain applies.
  const isReturn = caller !== undefined || rule !== undefined || !isBase;
  const to = appliesPolicy ? "policy" : caller.chain.chain.name;
  const { name } = frame.chain.chain;
  const context = isReturn
    ? withStep(before, new ReturnStep(place, name, packet, unmatched, to, rule))
    : before;
  if (!appliesPolicy) return next(withFrame(stage, caller), context);
  if (stage.deciding !== undefined) return runTarget(stage, context, stage.deciding, undefined, evaluation);
  const { policy = "ACCEPT" } = base.chain.chain;
  const last = isBase && rule === undefined ? unmatched : undefined;
  const ended = withStep(context, new PolicyStep(place, base.chain.chain.name, packet, last, policy));
  return policy === "DROP" ? stopped("drop", ended) : next(stage.onward, ended);
}

const withFrame = ({ base, deciding, onward }: ChainStage, frame: Frame): ChainStage => ({
  kind: "chain",
  base,
  frame,
  deciding,
  onward,
});

function placeOf({ base }: ChainStage, { input, hookState }: PacketContext): TablePlace {
  return {
    place: input.host.place,
    hook: base.hook,
    table: base.table,
    variant: base.variant,
    in: hookState.in,
    out: hookState.out,
  };
}

/** Returns a function that computes the rules which did not match since the last step in this chain. */
function unmatchedIn(
  { chain, reported }: Frame,
  position: number,
  failures: readonly Failure[],
  hookState: HookState,
): Unmatched {
  return reported === position
    ? undefined
    : () => unmatchedBetween(chain, reported, position, failures, hookState);
}

const TEXTS: Readonly<Record<Exclude<ChainVerdict, "accept">, string>> = {
  drop: "dropped",
  reject: "dropped, and an error is sent to the sender",
  queue: "passed to a program (NFQUEUE)",
  unknown: "a rule jumps to a chain that is not in the dump",
};

function stageOf(verdict: Exclude<ChainVerdict, "accept">): Stage {
  const ends: Verdict = verdict;
  return { kind: "end", verdict: ends, text: TEXTS[verdict] };
}

const stopped = (verdict: Exclude<ChainVerdict, "accept">, context: PacketContext): Next =>
  end(context, verdict, TEXTS[verdict]);
