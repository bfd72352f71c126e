import type { Chain, Rule, Ruleset, TableName } from "../model";
import { addressWords } from "../routing/address";
import type { Test } from "./evaluation";
import type { HookState } from "./hook-state";
import { testOf } from "./match";

/** A rule whose conditions are compiled to functions. */
export interface CompiledRule {
  readonly rule: Rule;
  readonly id: string;
  readonly tests: readonly Test[];
}

/** Chains with fewer rules are evaluated rule by rule. */
const INDEX_FROM = 24;

/** A chain ready for evaluation. Long chains have an index of their rules by destination, port or source. */
export class CompiledChain {
  readonly chain: Chain;
  readonly #rules: (CompiledRule | undefined)[];
  readonly #id: string;
  #index: Index | undefined;

  constructor(chain: Chain, id: string) {
    this.chain = chain;
    this.#id = id;
    this.#rules = new Array<CompiledRule | undefined>(chain.rules.length);
  }

  get length(): number {
    return this.chain.rules.length;
  }

  /** Returns the rule at a position, starting at 0. */
  at(position: number): CompiledRule | undefined {
    const known = this.#rules[position];
    if (known !== undefined) return known;
    const rule = this.chain.rules[position];
    if (rule === undefined) return undefined;
    const id = `${this.#id} ${position}`;
    const compiled = { rule, id, tests: rule.matches.map((match, at) => testOf(match, `${id} ${at}`)) };
    this.#rules[position] = compiled;
    return compiled;
  }

  /** Whether the index is faster than evaluating each rule. */
  get isLong(): boolean {
    return this.length >= INDEX_FROM;
  }

  /**
   * Returns the positions of rules that may match, in order, beginning at `start`. The other rules do not match because of
   * their destination, port or source.
   */
  candidates(hookState: HookState, start: number): Iterable<number> {
    this.#index ??= new Index(this);
    return this.#index.candidates(hookState, start);
  }
}

type Buckets = Map<string | number, number[]>;

/** An index of the rules of one chain. Each rule is indexed by its most selective header field. */
class Index {
  readonly #byDestination: Buckets = new Map();
  readonly #byPort: Buckets = new Map();
  readonly #bySource: Buckets = new Map();
  readonly #always: number[] = [];

  constructor(chain: CompiledChain) {
    for (let at = 0; at < chain.length; at++) {
      const rule = chain.at(at);
      if (rule !== undefined) this.#add(rule, at);
    }
  }

  #add(rule: CompiledRule, at: number): void {
    let destination: string | undefined;
    let port: number | undefined;
    let source: string | undefined;
    for (const test of rule.tests) {
      // Stop at a stateful condition (such as a rate limit): it is updated even if a later condition does not match.
      if (test.kind === "stateful") break;
      const { match } = test;
      if (match.kind === "destination" && !match.inverted) destination ??= single(match.prefix);
      else if (match.kind === "source" && !match.inverted) source ??= single(match.prefix);
      else if (match.kind === "port" && !match.inverted && match.side === "destination") {
        const [only, more] = match.ports;
        if (only !== undefined && more === undefined && only.from === only.to) port ??= only.from;
      }
    }
    if (destination !== undefined) push(this.#byDestination, destination, at);
    else if (port !== undefined) push(this.#byPort, port, at);
    else if (source !== undefined) push(this.#bySource, source, at);
    else this.#always.push(at);
  }

  *candidates(hookState: HookState, start: number): Generator<number> {
    const lists: (readonly number[])[] = [this.#always];
    lists.push(...pick(this.#byDestination, hookState.dst?.join(".")));
    lists.push(...pick(this.#byPort, hookState.packet.dport));
    lists.push(...pick(this.#bySource, hookState.src?.join(".")));
    const heads = lists.map((list) => lowerBound(list, start));
    for (;;) {
      let best = -1;
      let least = Number.POSITIVE_INFINITY;
      for (let list = 0; list < lists.length; list++) {
        const position = lists[list]?.[heads[list] ?? 0];
        if (position !== undefined && position < least) [least, best] = [position, list];
      }
      if (best < 0) return;
      heads[best] = (heads[best] ?? 0) + 1;
      yield least;
    }
  }
}

/** Returns the list for a value, or all lists if the value is unknown. */
function pick(buckets: Buckets, key: string | number | undefined): (readonly number[])[] {
  if (key === undefined) return [...buckets.values()];
  const list = buckets.get(key);
  return list === undefined ? [] : [list];
}

function push(buckets: Buckets, key: string | number, at: number): void {
  const list = buckets.get(key);
  if (list === undefined) buckets.set(key, [at]);
  else list.push(at);
}

/** Returns the key of a prefix that contains a single address. */
function single(prefix: { readonly address: string; readonly mask: string | number }): string | undefined {
  const words = addressWords(prefix.address);
  if (words === undefined) return undefined;
  const whole = words.length === 1 ? ["32", "255.255.255.255"] : ["128"];
  return whole.includes(String(prefix.mask)) ? words.join(".") : undefined;
}

/** Returns the index of the first element that is not less than `start`, by binary search. */
function lowerBound(list: readonly number[], start: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] ?? 0) < start) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The compiled chains of one rule set. Each is compiled when it is used for the first time. */
export class CompiledRuleset {
  readonly ruleset: Ruleset;
  readonly #chains = new Map<TableName, Map<string, CompiledChain | undefined>>();

  constructor(ruleset: Ruleset) {
    this.ruleset = ruleset;
  }

  chain(table: TableName, name: string): CompiledChain | undefined {
    let chains = this.#chains.get(table);
    if (chains === undefined) {
      chains = new Map();
      this.#chains.set(table, chains);
    }
    const known = chains.get(name);
    if (known !== undefined || chains.has(name)) return known;
    const chain = this.ruleset.tables.get(table)?.chains.get(name);
    const id = `${this.ruleset.family} ${this.ruleset.variant ?? ""} ${table} ${name}`;
    const compiled = chain === undefined ? undefined : new CompiledChain(chain, id);
    chains.set(name, compiled);
    return compiled;
  }
}

const compiledRulesets = new WeakMap<Ruleset, CompiledRuleset>();

/** Compiles a rule set, or returns the result of an earlier call. */
export function compile(ruleset: Ruleset): CompiledRuleset {
  const known = compiledRulesets.get(ruleset);
  if (known !== undefined) return known;
  const compiled = new CompiledRuleset(ruleset);
  compiledRulesets.set(ruleset, compiled);
  return compiled;
}
