import type { Hook, Packet, Rule, Step, TableName, Tried } from "../model";
import { type Acted, act } from "./act";
import type { CompiledChain, CompiledRule, CompiledRuleset } from "./compile";
import { effectOf } from "./effect";
import type { Flight } from "./flight";
import { type Mind, peek, settle } from "./mind";
import { type Failure, triedBetween } from "./tried";
import type { View } from "./view";
import { ruleWords } from "./words";

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
  | { readonly kind: "hit"; readonly because: string | undefined }
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
  const { variant } = ruleset.ruleset;
  const where = {
    place: flight.run.host.place,
    hook,
    table,
    ...(flight.view.in === undefined ? {} : { in: flight.view.in }),
    ...(flight.view.out === undefined ? {} : { out: flight.view.out }),
    ...(variant === undefined ? {} : { variant }),
  };
  for (;;) {
    const frame = frames[frames.length - 1];
    if (frame === undefined) return "accept";
    const hit = nextHit(flight, frame);
    const tried = tell(frame, flight.view);
    const at: At = { ...where, chain: frame.chain.chain.name, before: flight.packet, tried };
    const caller = frames[frames.length - 2]?.chain.chain.name;
    if (hit === undefined || hit.compiled.rule.action.kind === "return") {
      const rule = hit?.compiled.rule;
      if (caller !== undefined || rule !== undefined)
        flight.steps.push(returnStep(at, caller ?? "policy", rule));
      frames.pop();
      if (caller !== undefined) continue;
      return policy(flight, frame, rule === undefined ? at : { ...at, tried: () => [] });
    }
    const { compiled, because } = hit;
    const acted = act(flight, compiled, table);
    flight.steps.push(ruleStep(at, compiled.rule, flight.packet, because));
    const verdict = follow(acted, frames, ruleset, table);
    if (verdict !== undefined) return verdict;
  }
}

/** The rules asked in vain since the last step in this chain, as something that can be asked for later. */
function tell(frame: Frame, view: View): () => readonly Tried[] {
  const { chain, told, position, failures } = frame;
  frame.told = position + 1;
  frame.position = position + 1;
  frame.failures = [];
  let known: readonly Tried[] | undefined;
  return () => {
    known ??= triedBetween(chain, told, position, failures, view);
    return known;
  };
}

function nextHit(
  flight: Flight,
  frame: Frame,
): { compiled: CompiledRule; because: string | undefined } | undefined {
  const { mind, indexed } = flight.run;
  for (const position of frame.chain.candidates(flight.view, frame.position, indexed)) {
    const compiled = frame.chain.at(position);
    if (compiled === undefined) continue;
    const result = ask(compiled, flight.view, mind);
    if (result.kind === "hit") {
      frame.position = position;
      return { compiled, because: result.because };
    }
    frame.failures.push({ position, test: result.test });
  }
  frame.position = frame.chain.length;
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

interface At {
  readonly place: string;
  readonly hook: Hook;
  readonly table: TableName;
  readonly variant?: "legacy" | "nft";
  readonly in?: string;
  readonly out?: string;
  readonly chain: string;
  readonly before: Packet;
  readonly tried: () => readonly Tried[];
}

function policy(flight: Flight, frame: Frame, at: At): TableVerdict {
  const { policy: decided = "ACCEPT" } = frame.chain.chain;
  const { tried, ...rest } = at;
  flight.steps.push({
    ...rest,
    kind: "policy",
    after: at.before,
    policy: decided,
    get tried() {
      return tried();
    },
  });
  return decided === "DROP" ? "drop" : "accept";
}

function returnStep(at: At, to: string, rule: Rule | undefined): Step {
  const { tried, ...rest } = at;
  return {
    ...rest,
    kind: "return",
    after: at.before,
    to,
    ...(rule === undefined ? {} : { rule }),
    get tried() {
      return tried();
    },
  };
}

function ruleStep(at: At, rule: Rule, after: Packet, because: string | undefined): Step {
  const { tried, ...rest } = at;
  let words: string | undefined;
  return {
    ...rest,
    kind: "rule",
    after,
    rule,
    effect: effectOf(rule.action),
    ...(because === undefined ? {} : { because }),
    get words() {
      words ??= ruleWords(rule);
      return words;
    },
    get tried() {
      return tried();
    },
  };
}
