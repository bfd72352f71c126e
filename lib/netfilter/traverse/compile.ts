import type { Chain, Rule, Ruleset, TableName } from "../model";
import { addressWords } from "../routing/address";
import type { Test } from "./evaluation";
import type { HookState } from "./hook-state";
import { testOf } from "./match";

export interface CompiledRule {
  readonly rule: Rule;
  readonly id: string;
  readonly tests: readonly Test[];
}

/** Chains with fewer rules are walked rule by rule. */
const INDEX_FROM = 24;

/** A chain ready to be asked. Long chains find the rules that can match by destination, port or source. */
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

  /** The rule at a position from 0. */
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

  /** Whether asking the index is worth more than walking. */
  get isLong(): boolean {
    return this.length >= INDEX_FROM;
  }

  /**
   * Positions from `start` on of the rules that the index does not exclude, in order. What it excludes fails on its
   * destination, port or source, whatever else the rule asks.
   */
  candidates(hookState: HookState, start: number): Iterable<number> {
    this.#index ??= new Index(this);
    return this.#index.candidates(hookState, start);
  }
}

type Buckets = Map<string | number, number[]>;

/** Rules of one chain by the one header field that most narrows each down. */
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
      // A rule that would charge a counter before it fails must be asked.
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

/** The lists to look through: one for a known value, all of them where the packet does not tell. */
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

function single(prefix: { readonly address: string; readonly mask: string | number }): string | undefined {
  const words = addressWords(prefix.address);
  if (words === undefined) return undefined;
  const whole = words.length === 1 ? ["32", "255.255.255.255"] : ["128"];
  return whole.includes(String(prefix.mask)) ? words.join(".") : undefined;
}

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

/** The compiled chains of one rule set, made when first asked for. */
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

export function compile(ruleset: Ruleset): CompiledRuleset {
  const known = compiledRulesets.get(ruleset);
  if (known !== undefined) return known;
  const compiled = new CompiledRuleset(ruleset);
  compiledRulesets.set(ruleset, compiled);
  return compiled;
}
