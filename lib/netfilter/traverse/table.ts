import type { Hook, TableName, Tried } from "../model";
import { type Acted, act } from "./apply-target";
import { HotdropStep, PolicyStep, ReturnStep, RuleStep, type TablePlace } from "./chain-step";
import type { CompiledChain, CompiledRule, CompiledRuleset } from "./compile";
import { type Mind, peek, settle } from "./evaluation";
import type { View } from "./hook-state";
import type { Flight } from "./packet-context";
import { type Failure, triedBetween } from "./unmatched";

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
function ask(rule: CompiledRule, view: View, mind: Mind): Hit {
  const { tests } = rule;
  let because: string | undefined;
  for (let at = 0; at < tests.length; at++) {
    const test = tests[at];
    if (test === undefined) break;
    const answer = test.ask(view, mind);
    if (answer === true) continue;
    if (answer === false) return { kind: "miss", test: at };
    if (answer === "hotdrop") return { kind: "hit", because, hotdrop: true };
    if (peek(answer, mind) === undefined) {
      const sure = surelyFails(rule, at + 1, view, mind);
      if (sure >= 0) return { kind: "miss", test: sure };
      because =
        answer.kind === "chance"
          ? "chance decided that it matches"
          : "it is not known whether it matches: followed both ways";
    }
    if (!settle(answer, mind)) return { kind: "miss", test: at };
  }
  return { kind: "hit", because };
}

/** A later condition that fails in any case makes the open one irrelevant, unless a counter stands between. */
function surelyFails(rule: CompiledRule, from: number, view: View, mind: Mind): number {
  for (let at = from; at < rule.tests.length; at++) {
    const test = rule.tests[at];
    if (test === undefined || test.kind === "stateful") return -1;
    if (test.kind === "pure" && peek(test.ask(view, mind), mind) === false) return at;
  }
  return -1;
}

/**
 * Runs a packet through one base chain of one table and all that it calls (net/ipv4/netfilter/ip_tables.c,
 * ipt_do_table). Undefined where the table has no such chain: then it is simply not run.
 */
export function runTable(
  flight: Flight,
  ruleset: CompiledRuleset,
  table: TableName,
  hook: Hook,
): TableVerdict | undefined {
  const base = ruleset.chain(table, hook);
  if (base === undefined) return undefined;
  const frames: Frame[] = [{ chain: base, position: 0, told: 0, failures: [] }];
  const { view } = flight;
  const where: TablePlace = {
    place: flight.run.host.place,
    hook,
    table,
    variant: ruleset.ruleset.variant,
    in: view.in,
    out: view.out,
  };
  for (;;) {
    const frame = frames[frames.length - 1];
    if (frame === undefined) return "accept";
    const hit = nextHit(flight, frame);
    const tried = tell(frame, flight.view);
    const { name } = frame.chain.chain;
    const before = flight.packet;
    if (hit?.hotdrop === true) {
      flight.steps.push(new HotdropStep(where, name, before, before, tried, hit.compiled.rule, hit.because));
      return "drop";
    }
    if (hit === undefined || hit.compiled.rule.action.kind === "return") {
      const rule = hit?.compiled.rule;
      frames.pop();
      const caller = frames[frames.length - 1]?.chain.chain.name;
      // A goto from the base chain leaves nothing to come back to: what ends there ends at the base chain's policy.
      if (caller !== undefined || rule !== undefined || frame.chain !== base)
        flight.steps.push(new ReturnStep(where, name, before, tried, caller ?? "policy", rule));
      if (caller !== undefined) continue;
      const { policy = "ACCEPT" } = base.chain;
      const last = frame.chain === base && rule === undefined ? tried : undefined;
      flight.steps.push(new PolicyStep(where, base.chain.name, before, last, policy));
      return policy === "DROP" ? "drop" : "accept";
    }
    const { compiled, because } = hit;
    const acted = act(flight, compiled, table);
    flight.steps.push(new RuleStep(where, name, before, flight.packet, tried, compiled.rule, because));
    const verdict = follow(acted, frames, ruleset, table);
    if (verdict !== undefined) return verdict;
  }
}

/** The rules asked in vain since the last step in this chain, as something that can be asked for later. */
function tell(frame: Frame, view: View): (() => readonly Tried[]) | undefined {
  const { chain, told, position, failures } = frame;
  frame.told = position + 1;
  frame.position = position + 1;
  if (told === position) return undefined;
  frame.failures = [];
  return () => triedBetween(chain, told, position, failures, view);
}

interface Met {
  readonly compiled: CompiledRule;
  readonly because: string | undefined;
  readonly hotdrop: boolean;
}

function nextHit(flight: Flight, frame: Frame): Met | undefined {
  const { mind, indexed } = flight.run;
  const { chain } = frame;
  const meet = (position: number): Met | undefined => {
    const compiled = chain.at(position);
    if (compiled === undefined) return undefined;
    const result = ask(compiled, flight.view, mind);
    if (result.kind === "hit") {
      frame.position = position;
      return { compiled, because: result.because, hotdrop: result.hotdrop === true };
    }
    frame.failures.push({ position, test: result.test });
    return undefined;
  };
  if (indexed && chain.isLong) {
    for (const position of chain.candidates(flight.view, frame.position)) {
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
  acted: Acted,
  frames: Frame[],
  ruleset: CompiledRuleset,
  table: TableName,
): TableVerdict | undefined {
  if (acted.kind === "continue") return undefined;
  if (acted.kind === "verdict") return acted.verdict;
  const chain = ruleset.chain(table, acted.chain);
  // A dump with a jump to nowhere cannot be loaded; what the rule would do is not known.
  if (chain === undefined) return "unknown";
  if (acted.kind === "goto") frames.pop();
  frames.push({ chain, position: 0, told: 0, failures: [] });
  return undefined;
}
